/** CommonJS, Jest's own default: sources and the dependencies that are ESM only are transformed by swc. */
export default {
  roots: ["<rootDir>/src", "<rootDir>/test", "<rootDir>/workers"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  transform: {
    "\\.[jt]s$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        sourceMaps: "inline",
      },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!(p-queue|p-timeout)/)"],
  // `.js` first: in dependencies that is what lies there, in ours it is `.ts`.
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1.js", "$1.ts"] },
  injectGlobals: false,
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ["default", "<rootDir>/test/reporter.cjs"],
};
