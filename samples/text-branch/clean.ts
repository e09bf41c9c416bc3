/**
 * What the pipeline does to a mail's text before a model sees it: markup, quoted lines, the signature and addresses go,
 * white space is evened out; and a guess of the language from the commonest short words of each.
 */

export interface Cleaned {
  readonly text: string;
  /** An ISO 639-1 code, or "und" (undetermined) where no language's words were found. */
  readonly lang: string;
}

const entities: ReadonlyMap<string, string> = new Map([
  ["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", '"'], ["apos", "'"], ["nbsp", " "],
]);

const commonWords: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["en", words("the and of to a in is it that you for on with as are this be at have from your not we i can will has")],
  ["de", words("der die das und ist nicht ein eine zu mit auf für den dem sie ich wir von bitte noch im es sich ihr ihre")],
  ["fr", words("le la les et est pas un une de des du pour dans que qui je nous vous avec sur ce au à")],
]);

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

function withoutMarkup(text: string): string {
  return text
    .replace(/<(style|script)\b[^>]*>[^]*?<\/\1>/gi, " ")
    .replace(/<\/?[a-z][^<>]*>/gi, " ")
    .replace(/&([a-z]+);/gi, (whole: string, name: string) => entities.get(name.toLowerCase()) ?? whole);
}

/** Lines somebody else wrote (`> …`), and all below the signature's mark (`-- `), are not this mail's text. */
function withoutQuotes(text: string): string {
  const lines = text.split(/\r?\n/);
  const signature = lines.findIndex((line) => /^--\s*$/.test(line));
  const own = signature < 0 ? lines : lines.slice(0, signature);
  return own.filter((line) => !/^\s*>/.test(line)).join("\n");
}

function withoutAddresses(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s<>"]+/gi, " ").replace(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, " ");
}

/** The language most of whose common words occur; on a tie the one named first. */
function guessLanguage(text: string): string {
  const tokens = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  let best = { lang: "und", hits: 0 };
  for (const [lang, common] of commonWords) {
    const hits = tokens.filter((token) => common.has(token)).length;
    if (hits > best.hits) best = { lang, hits };
  }
  return best.lang;
}

/** The pipeline's `extern fn clean`. */
export function clean(text: string): Cleaned {
  const own = withoutAddresses(withoutQuotes(withoutMarkup(text))).normalize("NFC");
  const evened = own.replace(/\s+/g, " ").replace(/([!?.])\1+/g, "$1").trim();
  return { text: evened, lang: guessLanguage(evened) };
}
