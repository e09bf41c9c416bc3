/**
 * The grammar, LL(1) but for two places that look two tokens ahead: a named argument and a trailing comma.
 * An item is parsed at a time (see `segments.ts`), so there is no rule for a whole file. Building the parser costs
 * milliseconds, therefore it is built once, at its first use.
 */
import { CstParser } from "chevrotain";
import type { CstNode, IToken, ParserMethod, TokenType } from "chevrotain";
import { expectAlternative, expectEnd, expectToken } from "./expected.ts";
import type { Expectation } from "./expected.ts";
import * as t from "./tokens.ts";

class PipeParser extends CstParser {
  constructor(validate: boolean) {
    super([...t.lexerTypes], {
      maxLookahead: 1,
      recoveryEnabled: true,
      nodeLocationTracking: "onlyOffset",
      skipValidations: !validate,
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected, ruleName }) => JSON.stringify(expectToken(expected, ruleName)),
        buildNoViableAltMessage: ({ ruleName }) => JSON.stringify(expectAlternative(ruleName)),
        buildEarlyExitMessage: ({ ruleName }) => JSON.stringify(expectAlternative(ruleName)),
        buildNotAllInputParsedMessage: () => JSON.stringify(expectEnd()),
      },
    });
    this.performSelfAnalysis();
  }

  /** `L(x)` before `close`: elements with commas between them and perhaps one after. Once in a rule. */
  private commaList(close: TokenType, element: ParserMethod<[], CstNode>): void {
    this.OPTION8({
      GATE: () => this.LA(1).tokenType !== close,
      DEF: () => {
        this.SUBRULE8(element);
        this.MANY8({
          GATE: () => this.LA(2).tokenType !== close,
          DEF: () => {
            this.CONSUME8(t.Comma);
            this.SUBRULE9(element);
          },
        });
        this.OPTION9(() => this.CONSUME9(t.Comma));
      },
    });
  }

  // ------------------------------------------------------------ items

  edition = this.RULE("edition", () => {
    this.CONSUME(t.Edition);
    this.CONSUME(t.Num);
  });

  item = this.RULE("item", () => {
    this.OPTION(() => this.CONSUME(t.Export));
    this.OR([
      { ALT: () => this.SUBRULE(this.importItem) },
      { ALT: () => this.SUBRULE(this.paramItem) },
      { ALT: () => this.SUBRULE(this.secretItem) },
      { ALT: () => this.SUBRULE(this.constItem) },
      { ALT: () => this.SUBRULE(this.recordItem) },
      { ALT: () => this.SUBRULE(this.modelItem) },
      { ALT: () => this.SUBRULE(this.externItem) },
      { ALT: () => this.SUBRULE(this.fnItem) },
      { ALT: () => this.SUBRULE(this.pipelineItem) },
      { ALT: () => this.SUBRULE(this.testItem) },
    ]);
  });

  private importItem = this.RULE("importItem", () => {
    this.CONSUME(t.Import);
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.importName);
    this.CONSUME(t.RBrace);
    this.CONSUME(t.From);
    this.CONSUME(t.Str);
  });

  private importName = this.RULE("importName", () => {
    this.CONSUME(t.Id);
    this.OPTION(() => {
      this.CONSUME(t.As);
      this.CONSUME2(t.Id);
    });
  });

  private paramItem = this.RULE("paramItem", () => {
    this.CONSUME(t.Param);
    this.SUBRULE(this.declaredName);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.OPTION(() => {
      this.CONSUME(t.In);
      this.SUBRULE(this.range);
    });
    this.OPTION2(() => {
      this.CONSUME(t.Assign);
      this.SUBRULE(this.expr);
    });
  });

  private secretItem = this.RULE("secretItem", () => {
    this.CONSUME(t.Secret);
    this.SUBRULE(this.declaredName);
    this.CONSUME(t.From);
    this.SUBRULE(this.expr);
  });

  private constItem = this.RULE("constItem", () => {
    this.CONSUME(t.Const);
    this.SUBRULE(this.declaredName);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.type);
    });
    this.CONSUME(t.Assign);
    this.SUBRULE(this.pipe);
  });

  private recordItem = this.RULE("recordItem", () => {
    this.CONSUME(t.RecordWord);
    this.SUBRULE(this.declaredName);
    this.SUBRULE(this.recordType);
  });

  private modelItem = this.RULE("modelItem", () => {
    this.CONSUME(t.Model);
    this.SUBRULE(this.declaredName);
    this.OPTION(() => this.SUBRULE(this.signature));
    this.OPTION2(() => this.SUBRULE(this.where));
    this.SUBRULE(this.settings);
  });

  private externItem = this.RULE("externItem", () => {
    this.CONSUME(t.Extern);
    this.CONSUME(t.Fn);
    this.SUBRULE(this.declaredName);
    this.SUBRULE(this.signature);
    this.OPTION(() => this.SUBRULE(this.where));
    this.CONSUME(t.From);
    this.CONSUME(t.Str);
    this.OPTION2(() => this.SUBRULE(this.withSettings));
  });

  private fnItem = this.RULE("fnItem", () => {
    this.CONSUME(t.Fn);
    this.SUBRULE(this.declaredName);
    this.SUBRULE(this.signature);
    this.OPTION(() => this.SUBRULE(this.where));
    this.SUBRULE(this.fnBody);
  });

  private fnBody = this.RULE("fnBody", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Assign);
          this.SUBRULE(this.pipe);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LBrace);
          this.MANY(() => this.SUBRULE(this.letStatement));
          this.SUBRULE(this.returnStatement);
          this.CONSUME(t.RBrace);
        },
      },
    ]);
  });

  private returnStatement = this.RULE("returnStatement", () => {
    this.CONSUME(t.Return);
    this.SUBRULE(this.pipe);
  });

  private pipelineItem = this.RULE("pipelineItem", () => {
    this.CONSUME(t.Pipeline);
    this.SUBRULE(this.declaredName);
    this.CONSUME(t.LBrace);
    this.OPTION(() => this.SUBRULE(this.withSettings));
    this.MANY(() => this.SUBRULE(this.pipelineStatement));
    this.CONSUME(t.RBrace);
  });

  private pipelineStatement = this.RULE("pipelineStatement", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.letStatement) }, { ALT: () => this.SUBRULE(this.writeStatement) }]);
  });

  private testItem = this.RULE("testItem", () => {
    this.CONSUME(t.Test);
    this.CONSUME(t.Str);
    this.CONSUME(t.LBrace);
    this.MANY(() => this.SUBRULE(this.testStatement));
    this.CONSUME(t.RBrace);
  });

  private testStatement = this.RULE("testStatement", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.givenStatement) }, { ALT: () => this.SUBRULE(this.expectStatement) }]);
  });

  // ------------------------------------------------------------ statements and settings

  private letStatement = this.RULE("letStatement", () => {
    this.CONSUME(t.Let);
    this.SUBRULE(this.declaredName);
    this.CONSUME(t.Assign);
    this.SUBRULE(this.pipe);
  });

  private writeStatement = this.RULE("writeStatement", () => {
    this.CONSUME(t.Write);
    this.SUBRULE(this.pipe);
    this.CONSUME(t.To);
    this.SUBRULE(this.call);
    this.OPTION(() => this.SUBRULE(this.withSettings));
  });

  private givenStatement = this.RULE("givenStatement", () => {
    this.CONSUME(t.Given);
    this.CONSUME(t.Id);
    this.CONSUME(t.Field);
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expr);
  });

  private expectStatement = this.RULE("expectStatement", () => {
    this.CONSUME(t.Expect);
    this.SUBRULE(this.expr);
  });

  /** A name being declared. A keyword is taken too: whoever builds the tree reports it, and the rest is still read. */
  private declaredName = this.RULE("declaredName", () => {
    this.CONSUME(t.Word);
  });

  private withSettings = this.RULE("withSettings", () => {
    this.CONSUME(t.With);
    this.SUBRULE(this.settings);
  });

  private settings = this.RULE("settings", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.setting);
    this.CONSUME(t.RBrace);
  });

  private setting = this.RULE("setting", () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.expr);
  });

  // ------------------------------------------------------------ signatures and types

  signature = this.RULE("signature", () => {
    this.SUBRULE(this.fields);
    this.CONSUME(t.Arrow);
    this.OR([{ ALT: () => this.SUBRULE2(this.fields) }, { ALT: () => this.SUBRULE(this.type) }]);
  });

  /** What an operator of the catalogue declares. */
  operatorSignature = this.RULE("operatorSignature", () => {
    this.SUBRULE(this.signature);
    this.OPTION(() => this.SUBRULE(this.where));
  });

  private where = this.RULE("where", () => {
    this.CONSUME(t.Where);
    this.SUBRULE(this.bound);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.bound);
    });
  });

  private bound = this.RULE("bound", () => {
    this.SUBRULE(this.add);
    this.OR([{ ALT: () => this.CONSUME(t.LessEqual) }, { ALT: () => this.CONSUME(t.EqualEqual) }]);
    this.SUBRULE2(this.add);
  });

  private fields = this.RULE("fields", () => {
    this.CONSUME(t.LParen);
    this.commaList(t.RParen, this.field);
    this.CONSUME(t.RParen);
  });

  private recordType = this.RULE("recordType", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.field);
    this.CONSUME(t.RBrace);
  });

  private field = this.RULE("field", () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.OPTION(() => {
      this.CONSUME(t.From);
      this.CONSUME(t.Str);
    });
  });

  private type = this.RULE("type", () => {
    this.SUBRULE(this.typeAtom);
    this.MANY(() => {
      this.CONSUME(t.Bar);
      this.SUBRULE2(this.typeAtom);
    });
    this.OPTION(() => this.CONSUME(t.Question));
  });

  private typeAtom = this.RULE("typeAtom", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.tensorType) },
      { ALT: () => this.SUBRULE(this.listType) },
      { ALT: () => this.SUBRULE(this.recordType) },
      { ALT: () => this.CONSUME(t.Id) },
      { ALT: () => this.CONSUME(t.Str) },
    ]);
  });

  private tensorType = this.RULE("tensorType", () => {
    this.CONSUME(t.Tensor);
    this.CONSUME(t.Less);
    this.CONSUME(t.Id);
    this.CONSUME(t.Greater);
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.dimension);
    this.CONSUME(t.RBracket);
  });

  private dimension = this.RULE("dimension", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.add) },
      {
        ALT: () => {
          this.CONSUME(t.DotDot);
          this.CONSUME(t.Id);
        },
      },
    ]);
  });

  private listType = this.RULE("listType", () => {
    this.OR([{ ALT: () => this.CONSUME(t.List) }, { ALT: () => this.CONSUME(t.Stream) }]);
    this.CONSUME(t.Less);
    this.SUBRULE(this.type);
    this.CONSUME(t.Greater);
  });

  // ------------------------------------------------------------ pipes

  private pipe = this.RULE("pipe", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.read) }, { ALT: () => this.SUBRULE(this.expr) }]);
    this.OPTION(() => this.SUBRULE(this.withSettings));
    this.MANY(() => this.SUBRULE(this.pipeStep));
  });

  private pipeStep = this.RULE("pipeStep", () => {
    this.CONSUME(t.PipeTo);
    this.SUBRULE(this.step);
    this.OPTION(() => this.SUBRULE(this.withSettings));
  });

  private chain = this.RULE("chain", () => {
    this.SUBRULE(this.expr);
    this.MANY(() => this.SUBRULE(this.chainStep));
  });

  private chainStep = this.RULE("chainStep", () => {
    this.CONSUME(t.PipeTo);
    this.SUBRULE(this.step);
  });

  private step = this.RULE("step", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.recordExpr) }, { ALT: () => this.SUBRULE(this.call) }]);
  });

  private read = this.RULE("read", () => {
    this.CONSUME(t.Read);
    this.SUBRULE(this.call);
    this.CONSUME(t.As);
    this.SUBRULE(this.typeAtom);
  });

  // ------------------------------------------------------------ expressions

  private expr = this.RULE("expr", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.ifExpr) }, { ALT: () => this.SUBRULE(this.orExpr) }]);
  });

  private ifExpr = this.RULE("ifExpr", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.orExpr);
    this.CONSUME(t.Then);
    this.SUBRULE(this.expr);
    this.CONSUME(t.Else);
    this.SUBRULE2(this.expr);
  });

  private orExpr = this.RULE("orExpr", () => {
    this.SUBRULE(this.andExpr);
    this.MANY(() => {
      this.CONSUME(t.Or);
      this.SUBRULE2(this.andExpr);
    });
  });

  private andExpr = this.RULE("andExpr", () => {
    this.SUBRULE(this.notExpr);
    this.MANY(() => {
      this.CONSUME(t.And);
      this.SUBRULE2(this.notExpr);
    });
  });

  private notExpr = this.RULE("notExpr", () => {
    this.OPTION(() => this.CONSUME(t.Not));
    this.SUBRULE(this.cmpExpr);
  });

  private cmpExpr = this.RULE("cmpExpr", () => {
    this.SUBRULE(this.range);
    this.OPTION(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.EqualEqual, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.NotEqual, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Less, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.LessEqual, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Greater, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.GreaterEqual, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.In, { LABEL: "op" }) },
      ]);
      this.SUBRULE2(this.range);
    });
  });

  private range = this.RULE("range", () => {
    this.SUBRULE(this.coal);
    this.OPTION(() => {
      this.CONSUME(t.DotDot);
      this.SUBRULE2(this.coal);
    });
  });

  private coal = this.RULE("coal", () => {
    this.SUBRULE(this.add);
    this.MANY(() => {
      this.CONSUME(t.Coalesce);
      this.SUBRULE2(this.add);
    });
  });

  private add = this.RULE("add", () => {
    this.SUBRULE(this.mul);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Plus, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Minus, { LABEL: "op" }) },
      ]);
      this.SUBRULE2(this.mul);
    });
  });

  private mul = this.RULE("mul", () => {
    this.SUBRULE(this.cast);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Star, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Slash, { LABEL: "op" }) },
      ]);
      this.SUBRULE2(this.cast);
    });
  });

  private cast = this.RULE("cast", () => {
    this.SUBRULE(this.unary);
    this.OPTION(() => {
      this.CONSUME(t.As);
      this.SUBRULE(this.typeAtom);
    });
  });

  private unary = this.RULE("unary", () => {
    this.OPTION(() => this.CONSUME(t.Minus));
    this.SUBRULE(this.postfix);
  });

  private postfix = this.RULE("postfix", () => {
    this.SUBRULE(this.prim);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  private suffix = this.RULE("suffix", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Field) },
      { ALT: () => this.SUBRULE(this.subscript) },
    ]);
  });

  private subscript = this.RULE("subscript", () => {
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.expr);
    this.CONSUME(t.RBracket);
  });

  private prim = this.RULE("prim", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Field) },
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.CONSUME(t.Str) },
      { ALT: () => this.CONSUME(t.Quantity) },
      { ALT: () => this.CONSUME(t.Num) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      { ALT: () => this.CONSUME(t.Null) },
      { ALT: () => this.SUBRULE(this.grouped) },
      { ALT: () => this.SUBRULE(this.listExpr) },
      { ALT: () => this.SUBRULE(this.recordExpr) },
    ]);
  });

  private call = this.RULE("call", () => {
    this.CONSUME(t.Id);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  private args = this.RULE("args", () => {
    this.CONSUME(t.LParen);
    this.commaList(t.RParen, this.argument);
    this.CONSUME(t.RParen);
  });

  private argument = this.RULE("argument", () => {
    this.OPTION({
      GATE: () => this.LA(2).tokenType === t.Colon,
      DEF: () => {
        this.CONSUME(t.Word);
        this.CONSUME(t.Colon);
      },
    });
    this.SUBRULE(this.chain);
  });

  private grouped = this.RULE("grouped", () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.pipe);
    this.CONSUME(t.RParen);
  });

  private listExpr = this.RULE("listExpr", () => {
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.chain);
    this.CONSUME(t.RBracket);
  });

  private recordExpr = this.RULE("recordExpr", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.entry);
    this.CONSUME(t.RBrace);
  });

  private entry = this.RULE("entry", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.DotDot);
          this.OPTION(() => this.SUBRULE(this.postfix));
        },
      },
      { ALT: () => this.CONSUME(t.Field) },
      {
        ALT: () => {
          this.CONSUME(t.Word);
          this.CONSUME(t.Colon);
          this.SUBRULE(this.chain);
        },
      },
    ]);
  });
}

export interface SyntaxFault {
  readonly expectation: Expectation;
  /** The token found; its type is chevrotain's EOF at the end of the tokens. */
  readonly token: IToken;
}

export interface ParsedTokens {
  readonly cst: CstNode | undefined;
  readonly faults: readonly SyntaxFault[];
}

export type StartRule = "edition" | "item" | "operatorSignature";

let parser: PipeParser | undefined;

/** Parses the tokens of one item (or edition, or signature), with recovery: there may be a tree and faults. */
export function parseTokens(rule: StartRule, tokens: readonly IToken[]): ParsedTokens {
  parser ??= new PipeParser(false);
  parser.input = [...tokens];
  // With recovery on, a rule that cannot even start gives undefined, which chevrotain's types do not say.
  const cst: CstNode | undefined = parser[rule]();
  // The messages are the expectations of the message provider above: an exception carries nothing else of ours.
  const faults = parser.errors.map((error): SyntaxFault => ({ expectation: JSON.parse(error.message), token: error.token }));
  return { cst, faults };
}

/** Builds the parser with chevrotain's checks of the grammar (ambiguity, left recursion); throws where one fails. */
export function verifyGrammar(): void {
  new PipeParser(true);
}
