/** The files that `pipec init` writes: a program that runs as it is, on text alone, with its data. */

export interface StarterFile {
  readonly name: string;
  readonly text: string;
}

const program = `edition 1

/// Notes, one JSON object a line.
param input: uri = "data/notes.jsonl"
param output: uri = "out/notes"
/// Longer notes are cut.
param max_length: int in 1..10_000 = 200

record Note { id: string, title: string?, text: string }

pipeline notes {
  with { errors: dead_letter("{output}/_errors", max: 10%) }

  let raw = read jsonl(input) as Note

  let short = raw
    |> { .id, title: .title ?? "untitled", text: lower(truncate(.text, max: max_length)) }
    |> filter(.text != "")

  write short to jsonl(output)
  write short to console(limit: 10)
}

test "titles are filled in" {
  given notes.raw = [{ id: "1", title: null, text: "Hello World" }]
  expect notes.short[0].title == "untitled"
  expect notes.short[0].text == "hello world"
}
`;

const notes = [
  { id: "n1", title: "Groceries", text: "Bread, olives and a bag of LEMONS" },
  { id: "n2", title: null, text: "Call the plumber about the tap in the kitchen" },
  { id: "n3", title: "Idea", text: "A pipeline is a sentence: read, change, write." },
  { id: "n4", title: "Empty", text: "" },
];

const gitignore = `node_modules/
out.js
out.js.map
out/
`;

const readme = `# A pipec program

    npx pipec check        # every problem, before anything runs
    npx pipec run          # build out.js and run it
    npx pipec test         # the test blocks of main.pipe

The rows are in \`data/notes.jsonl\`, the results in \`out/notes\`.
`;

/** For editors, and for \`tsc\` on \`out/program.ts\` and on functions written in TypeScript. */
const tsconfig = `{
  "compilerOptions": {
    "target": "es2023",
    "module": "esnext",
    "moduleResolution": "bundler",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true
  },
  "include": ["*.ts", "out/*.ts"]
}
`;

export const starterFiles: readonly StarterFile[] = [
  { name: "main.pipe", text: program },
  { name: "data/notes.jsonl", text: notes.map((note) => `${JSON.stringify(note)}\n`).join("") },
  { name: ".gitignore", text: gitignore },
  { name: "tsconfig.json", text: tsconfig },
  { name: "README.md", text: readme },
];
