/**
 * The grammar of items and statements, and the parser made of it. An item is parsed at a time (see `segments.ts`), so
 * there is no rule for a whole file. Building the parser costs milliseconds, therefore it is built once, at first use.
 */
import type { CstNode, IToken } from "chevrotain";
import type { Expectation } from "./expected.ts";
import { ExprParser } from "./grammar-exprs.ts";
import * as t from "./tokens.ts";

class PipeParser extends ExprParser {
  constructor(validate: boolean) {
    super(validate);
    this.performSelfAnalysis();
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

  // ------------------------------------------------------------ statements

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
