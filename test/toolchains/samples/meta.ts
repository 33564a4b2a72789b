/** Apart from the others: most tools have no such word in CommonJS. */
function importMeta() {
  return import.meta.url;
}

export { importMeta };
