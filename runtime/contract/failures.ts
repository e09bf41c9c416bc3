/**
 * Every fault of a run that a user can mend, by code: the words of its title and page stand here and nowhere else.
 * `pipec explain R0150` prints them. Messages of single faults are made where the facts are known.
 *
 * R0101 to R0109: the command line. R0140 to R0149: what is read. R0150 to R0159: what is written and kept.
 * R0160 to R0179: rows and workers. R0180 to R0189: watching a run. R0201 on: models.
 */
import { errorWords } from "./error-words.ts";
import { JobError } from "./kernel.ts";

export interface FailureEntry {
  readonly title: string;
  /** What it means and what to do, in Markdown. */
  readonly page: string;
}

export const failureCatalogue = {
  R0101: { title: "Unknown option", page: "The program has no param or option of this name. `node out.js --help` lists them. Nothing was read or written." },
  R0102: { title: "Param value does not fit", page: "The value given on the command line is not of the param's type, not one of its choices, or outside its range." },
  R0103: { title: "Param is fixed at build", page: "The param decides a type, a setting or a model, so its value is part of the built program. Give it to the build instead: `pipec build --param name=value`." },
  R0104: { title: "Param needs a value", page: "The param has no default. Give it on the command line: `node out.js --name value`." },
  R0105: { title: "Which pipeline?", page: "The program has several pipelines; the first word after `out.js` names the one to run." },
  R0140: { title: "File cannot be read", page: "A file that the run needs is missing or may not be read. Paths given on the command line are relative to the current folder, paths written in the program to the program's folder." },
  R0141: { title: "File is damaged", page: "A file is not of the format the program expects, or a part of it cannot be decoded." },
  R0142: { title: "Columns do not fit", page: "A file lacks a column that the program reads, or has it with another type." },
  R0143: { title: "Input changed during the run", page: "A file that was listed when the run started has gone or changed. Run again on input that stays as it is." },
  R0144: { title: "Place is not on this machine", page: "Only files on this machine can be read and written. Copy the data here first, or mount it as a folder." },
  R0145: { title: "Nothing to read", page: "The path matches no file of the wanted kind." },
  R0146: { title: "Sink needs a file", page: "The sink was given no path to write to." },
  R0147: { title: "Something the program loads cannot be loaded", page: "A tokenizer, a list of lines or a lookup table could not be loaded before the first row, or a package with native parts (onnxruntime, sharp) is there and does not load: it was installed for another system, or not wholly. Install it anew where the program runs." },
  R0148: { title: "Lookup table has two rows for one key", page: "A table made with `table(by: …)` must have one row for each key." },
  R0150: { title: "Output folder holds other files", page: "The folder has files that an earlier run of this pipeline did not write. A run replaces only what an earlier run of the same pipeline wrote (it is listed in `_SUCCESS`). Choose another folder, or pass `--overwrite` to replace files of the same kind." },
  R0151: { title: "Output cannot be written", page: "The place is not on this machine, may not be written, or its disk is full. Nothing half-written is left under a final name." },
  R0152: { title: "Too many partitions", page: "The rows of one group have more distinct partition keys than `partitions_max`. Raise it, or partition by something with fewer values." },
  R0153: { title: "Too many keys to remember", page: "`dedupe` keeps every distinct key in memory and `keys:` says how many it may keep. Raise it, or dedupe by a coarser key." },
  R0154: { title: "Two outputs in one place", page: "Two `write`s (or a `write` and the dead letters) name the same file or folder. Give each its own." },
  R0155: { title: "Output would replace an input", page: "The output file is one of the files that the run reads. Choose another path." },
  R0156: { title: "Run cannot go on where it stopped", page: "An earlier run of this pipeline stopped and left a checkpoint, but something that decides the output has changed since: the program, a model, an extern, a param, the input files, the files that tokenizers, lists of lines and lookup tables are loaded from, where the outputs go, the version of onnxruntime, or where chunks and batches are cut. What is committed stays as it is. Bring back what changed, or start over with `--fresh`, which removes what the stopped run had written. `pipec explain --resume` lists what is reused and what forbids it. Replicas, devices and threads may change freely." },
  R0157: { title: "Output was changed", page: "Files that were committed are missing, of another size, or have other contents: a run that goes on where an earlier one stopped looks at all of them, and one that comes to its end counts them. (Contents are read only where the times of files are not what they were.) Bring them back, or start over with `--fresh`. Committed files may be read at any time, and moved once the run has finished (`_SUCCESS` is there)." },
  R0158: { title: "Checkpoint is in use", page: "Two runs of one pipeline would write the same output. The run that has the checkpoint is alive, or was started later than this one. On one machine that is known at once; of a run on another machine it is taken for dead when it has not stirred for 30 seconds." },
  R0159: { title: "Run stopped before its end", page: "The run was told to stop (a spot machine that goes away, a shutdown). What is committed stays; the same command goes on from there." },
  R0160: { title: "A row failed", page: "The pipeline's `errors` setting is `\"fail\"` (the default), so the first row that cannot be computed ends the run; nothing more is published (with a checkpoint, what is committed stays). Mend the row, or say `errors: dead_letter(\"path\", max: 0.1%)` or `errors: skip(max: 0.1%)` in the pipeline's `with` block to set such rows aside." },
  R0161: { title: "Over the error budget", page: "More rows failed than `max` allows, as a share of the rows read. Once 1,000 rows are read, failures over the share stop the run (exit 5; nothing is published, or with a checkpoint no more than is committed already); otherwise the run finishes, publishes what is good and exits with 4. Look at the dead letters for the reasons, then mend the rows or raise `max`." },
  R0170: { title: "Memory ran out", page: "The JavaScript heap of a worker was exhausted, or the system ended a process of the run because memory ran out. The run was started again with fewer and fewer chunks under way, down to one, and that did not help. Use smaller chunks or batches, or a machine with more memory." },
  R0171: { title: "A worker ended unexpectedly", page: "A worker (with `--interpret`, the process) stopped before its work was done and did not say why: native code crashed, or something that a step calls ended it, as `process.exit()` in an extern does. With `--interpret` it may also have waited for something that never comes. What was committed before stays; what was under way was not published." },
  R0172: { title: "Native code ends the process", page: "Something that a step calls (a model, a native package, `process.abort()` in an extern) ended its process, as a fault in native code does. Rows that do so each time are set aside like other rows that fail; here no single row is to blame: the step cannot even be opened, or what ends the process takes several rows together. What is committed stays. Look at the step that the message names; a smaller `batch` may help, or another version of the package." },
  R0173: { title: "A call hangs", page: "A call that has a limit did not come back, and the step it belongs to cannot run in a process of its own, where the rows to blame would be found. What is committed stays. The `timeout` of an extern and of a step is its own; a model's call may take a hundred times what its calls usually take, and a minute at least." },
  R0174: { title: "Killed again and again", page: "Something outside the run (an operator, a service manager, the system) killed its processes several times, and between the kills nothing got finished. Being killed is never held against rows. What is committed stays." },
  R0175: { title: "A step does not get on", page: "For a minute or more a worker has finished no row, read none and written none; the message says which step it is, which rows it stands on and since when. Nothing is ended: the step may be slow (a large model, a service that is busy), or wait for something that never comes. If it is the latter, give the step a limit, as in `|> { .., pixels: decode_image(.bytes) } with { timeout: 30 s }`, or the extern one of its own: a row that takes longer fails then, and the others go on. `PIPEC_STALL_S` sets after how many seconds this is said first; it is said again each time that twice as much has passed." },
  R0176: { title: "An error nobody waited for", page: "A function of the program's own left an error behind that no call of it gave back: a promise that was rejected and not awaited, a timer or a listener that threw. Which row it belongs to nobody can say, so it ends the run; what is committed stays. The message has the error, and the externs that were called where it came up. Await what the function begins (`await save(x)`, not `void save(x)`), or catch its errors there." },
  R0180: { title: "The run cannot be watched", page: "What `--metrics`, `--trace` or `--report` ask for cannot be had: the address is taken or is none, or the file cannot be written. Nothing was read or written." },
  R0201: { title: "Device is not available", page: "The plan places a model on a device whose execution provider this installation of onnxruntime lacks or cannot start. pipec never falls back to another device by itself: install the provider (CUDA and TensorRT libraries come beside `onnxruntime-node`, see its install script), build with another `device`, or run with `--device cpu`." },
  R0202: { title: "Model cannot be loaded", page: "The model's file is missing, damaged, or uses something this onnxruntime does not know. Model files are looked for where the `.pipe` file says, as seen from `out.js`." },
  R0203: { title: "Model disagrees with its declaration", page: "The file's inputs or outputs are not those the program was built against. Was the file replaced? Build again." },
  R0204: { title: "Model gave an unexpected shape", page: "An output's shape differs from what the model's declaration says for this batch. Correct the declaration, or the export of the model." },
  R0205: { title: "Model call failed", page: "onnxruntime could not run a batch although every one of its rows runs alone. Usually memory: use a smaller `batch`." },
  R0206: { title: "Device failed", page: "The device that a model runs on reported a failure of its own (a lost GPU, a driver reset). No row is to blame. Look at the machine's log, then run again." },
  R0207: { title: "A gang cannot be kept up", page: "The parts of a model that is cut over several devices run side by side, one worker for each (a gang). One of the workers ended; the gang was started again, and at the same batch one ended again. The message says how. Usually memory: use a smaller `batch`." },
  R0208: { title: "Model was written to during the run", page: "Large weights are used where they lie, in the model's file or in files beside it, so one that is written to in place changes under the run, and nobody could say which rows saw which weights. Nothing that was computed since is published; what is committed stays. To put a new model in place of one that may be in use, write it to a file of its own and rename that over the old one: whoever has the old file open keeps it." },
  R0209: { title: "Model was replaced during the run", page: "A worker that was started again found another model, or other weights beside it, than the run began with: it would have computed some rows with one model and some with another. Workers that stay have the old file open and are right to their end, and none is added beside them. Nothing more is published; what is committed stays, and was made with the old model. Run again with the new model for all rows (`--fresh`, where a checkpoint is kept), or put the old file back and go on." },
} as const satisfies Readonly<Record<string, FailureEntry>>;

export type FailureCode = keyof typeof failureCatalogue;

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failureCatalogue, code);
}

/** A fault of the job, ready to be thrown. `fix` completes "To mend it: …". */
export function jobError(code: FailureCode, message: string, fix?: string): JobError {
  return new JobError(code, message, fix);
}

/** A file that changes under a run gives rows of neither. */
export function fileChanged(path: string): JobError {
  return jobError("R0143", `${path} has changed since the run began`, "run again on input that stays as it is");
}

/** `name`: of a resource, or of a package with native parts and what it is for. */
export function loadFailed(name: string, error: unknown): JobError {
  if (error instanceof JobError) return error;
  return jobError("R0147", `${name} cannot be loaded: ${errorWords(error)}`);
}

/** Faults of the command line end with exit code 2, all others with 5. */
export function isUsageFailure(code: string): boolean {
  return code >= "R0101" && code <= "R0105";
}
