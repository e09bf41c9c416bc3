/**
 * The part of the grammar below items and statements: settings, signatures, types, pipes, expressions. It is LL(1) but
 * for two places that look two tokens ahead: a named argument and a trailing comma.
 */
import { CstParser } from "chevrotain";
import type { CstNode, ParserMethod, TokenType } from "chevrotain";
import { expectAlternative, expectEnd, expectToken } from "./expected.ts";
import * as t from "./tokens.ts";

export abstract class ExprParser extends CstParser {
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
  }

  /** `L(x)` before `close`: elements with commas between them and perhaps one after. Once in a rule. */
  protected commaList(close: TokenType, element: ParserMethod<[], CstNode>): void {
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

  /** A name being declared. A keyword is taken too: whoever builds the tree reports it, and the rest is still read. */
  protected declaredName = this.RULE("declaredName", () => {
    this.CONSUME(t.Word);
  });

  protected withSettings = this.RULE("withSettings", () => {
    this.CONSUME(t.With);
    this.SUBRULE(this.settings);
  });

  protected settings = this.RULE("settings", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.setting);
    this.CONSUME(t.RBrace);
  });

  protected setting = this.RULE("setting", () => {
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

  protected where = this.RULE("where", () => {
    this.CONSUME(t.Where);
    this.SUBRULE(this.bound);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.bound);
    });
  });

  protected bound = this.RULE("bound", () => {
    this.SUBRULE(this.add);
    this.OR([{ ALT: () => this.CONSUME(t.LessEqual) }, { ALT: () => this.CONSUME(t.EqualEqual) }]);
    this.SUBRULE2(this.add);
  });

  protected fields = this.RULE("fields", () => {
    this.CONSUME(t.LParen);
    this.commaList(t.RParen, this.field);
    this.CONSUME(t.RParen);
  });

  protected recordType = this.RULE("recordType", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.field);
    this.CONSUME(t.RBrace);
  });

  protected field = this.RULE("field", () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.OPTION(() => {
      this.CONSUME(t.From);
      this.CONSUME(t.Str);
    });
  });

  protected type = this.RULE("type", () => {
    this.SUBRULE(this.typeAtom);
    this.MANY(() => {
      this.CONSUME(t.Bar);
      this.SUBRULE2(this.typeAtom);
    });
    this.OPTION(() => this.CONSUME(t.Question));
  });

  protected typeAtom = this.RULE("typeAtom", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.tensorType) },
      { ALT: () => this.SUBRULE(this.listType) },
      { ALT: () => this.SUBRULE(this.recordType) },
      { ALT: () => this.CONSUME(t.Id) },
      { ALT: () => this.CONSUME(t.Str) },
    ]);
  });

  protected tensorType = this.RULE("tensorType", () => {
    this.CONSUME(t.Tensor);
    this.CONSUME(t.Less);
    this.CONSUME(t.Id);
    this.CONSUME(t.Greater);
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.dimension);
    this.CONSUME(t.RBracket);
  });

  protected dimension = this.RULE("dimension", () => {
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

  protected listType = this.RULE("listType", () => {
    this.OR([{ ALT: () => this.CONSUME(t.List) }, { ALT: () => this.CONSUME(t.Stream) }]);
    this.CONSUME(t.Less);
    this.SUBRULE(this.type);
    this.CONSUME(t.Greater);
  });

  // ------------------------------------------------------------ pipes

  protected pipe = this.RULE("pipe", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.read) }, { ALT: () => this.SUBRULE(this.expr) }]);
    this.OPTION(() => this.SUBRULE(this.withSettings));
    this.MANY(() => this.SUBRULE(this.pipeStep));
  });

  protected pipeStep = this.RULE("pipeStep", () => {
    this.CONSUME(t.PipeTo);
    this.SUBRULE(this.step);
    this.OPTION(() => this.SUBRULE(this.withSettings));
  });

  protected chain = this.RULE("chain", () => {
    this.SUBRULE(this.expr);
    this.MANY(() => this.SUBRULE(this.chainStep));
  });

  protected chainStep = this.RULE("chainStep", () => {
    this.CONSUME(t.PipeTo);
    this.SUBRULE(this.step);
  });

  protected step = this.RULE("step", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.recordExpr) }, { ALT: () => this.SUBRULE(this.call) }]);
  });

  protected read = this.RULE("read", () => {
    this.CONSUME(t.Read);
    this.SUBRULE(this.call);
    this.CONSUME(t.As);
    this.SUBRULE(this.typeAtom);
  });

  // ------------------------------------------------------------ expressions

  protected expr = this.RULE("expr", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.ifExpr) }, { ALT: () => this.SUBRULE(this.orExpr) }]);
  });

  protected ifExpr = this.RULE("ifExpr", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.orExpr);
    this.CONSUME(t.Then);
    this.SUBRULE(this.expr);
    this.CONSUME(t.Else);
    this.SUBRULE2(this.expr);
  });

  protected orExpr = this.RULE("orExpr", () => {
    this.SUBRULE(this.andExpr);
    this.MANY(() => {
      this.CONSUME(t.Or);
      this.SUBRULE2(this.andExpr);
    });
  });

  protected andExpr = this.RULE("andExpr", () => {
    this.SUBRULE(this.notExpr);
    this.MANY(() => {
      this.CONSUME(t.And);
      this.SUBRULE2(this.notExpr);
    });
  });

  protected notExpr = this.RULE("notExpr", () => {
    this.OPTION(() => this.CONSUME(t.Not));
    this.SUBRULE(this.cmpExpr);
  });

  protected cmpExpr = this.RULE("cmpExpr", () => {
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

  protected range = this.RULE("range", () => {
    this.SUBRULE(this.coal);
    this.OPTION(() => {
      this.CONSUME(t.DotDot);
      this.SUBRULE2(this.coal);
    });
  });

  protected coal = this.RULE("coal", () => {
    this.SUBRULE(this.add);
    this.MANY(() => {
      this.CONSUME(t.Coalesce);
      this.SUBRULE2(this.add);
    });
  });

  protected add = this.RULE("add", () => {
    this.SUBRULE(this.mul);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Plus, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Minus, { LABEL: "op" }) },
      ]);
      this.SUBRULE2(this.mul);
    });
  });

  protected mul = this.RULE("mul", () => {
    this.SUBRULE(this.cast);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Star, { LABEL: "op" }) },
        { ALT: () => this.CONSUME(t.Slash, { LABEL: "op" }) },
      ]);
      this.SUBRULE2(this.cast);
    });
  });

  protected cast = this.RULE("cast", () => {
    this.SUBRULE(this.unary);
    this.OPTION(() => {
      this.CONSUME(t.As);
      this.SUBRULE(this.typeAtom);
    });
  });

  protected unary = this.RULE("unary", () => {
    this.OPTION(() => this.CONSUME(t.Minus));
    this.SUBRULE(this.postfix);
  });

  protected postfix = this.RULE("postfix", () => {
    this.SUBRULE(this.prim);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  protected suffix = this.RULE("suffix", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Field) },
      { ALT: () => this.SUBRULE(this.subscript) },
    ]);
  });

  protected subscript = this.RULE("subscript", () => {
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.expr);
    this.CONSUME(t.RBracket);
  });

  protected prim = this.RULE("prim", () => {
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

  protected call = this.RULE("call", () => {
    this.CONSUME(t.Id);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  protected args = this.RULE("args", () => {
    this.CONSUME(t.LParen);
    this.commaList(t.RParen, this.argument);
    this.CONSUME(t.RParen);
  });

  protected argument = this.RULE("argument", () => {
    this.OPTION({
      GATE: () => this.LA(2).tokenType === t.Colon,
      DEF: () => {
        this.CONSUME(t.Word);
        this.CONSUME(t.Colon);
      },
    });
    this.SUBRULE(this.chain);
  });

  protected grouped = this.RULE("grouped", () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.pipe);
    this.CONSUME(t.RParen);
  });

  protected listExpr = this.RULE("listExpr", () => {
    this.CONSUME(t.LBracket);
    this.commaList(t.RBracket, this.chain);
    this.CONSUME(t.RBracket);
  });

  protected recordExpr = this.RULE("recordExpr", () => {
    this.CONSUME(t.LBrace);
    this.commaList(t.RBrace, this.entry);
    this.CONSUME(t.RBrace);
  });

  protected entry = this.RULE("entry", () => {
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
