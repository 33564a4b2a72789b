/**
 * Two things that Jest leaves out: a leak fails the run, where Jest itself would only warn (and kill
 * the process that leaks), and the last line tells the result in plain words.
 */
module.exports = class Reporter {
  #leak;

  constructor({ watch, watchAll }) {
    this.once = !watch && !watchAll;
    const { error } = console;
    console.error = (...words) => {
      if (/worker process has failed to exit/.test(String(words[0])))
        this.#leak = new Error("a test file left something running");
      error(...words);
    };
  }

  onRunComplete(_contexts, results) {
    if (!this.once) return;
    process.once("exit", () => process.stdout.write(`${line(results)}\n`));
    setTimeout(() => {
      console.error("Jest cannot exit: a test left something running");
      process.exit(1);
    }, 10_000).unref();
  }

  getLastError() {
    return this.#leak;
  }
};

function line(results) {
  // A file that cannot even be loaded has no tests to count.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  const words = [`${results.numPassedTests} passed`, `${failed} failed`];
  if (skipped > 0) words.push(`${skipped} skipped`);
  return words.join(", ");
}
