// The job of those that run a file's default export.
export default ({ a, b }) => a + b;
