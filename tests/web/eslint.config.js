import js from "@eslint/js";
import globals from "globals";

// It is run in the root of the project.
export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "max-lines": ["error", { max: 260 }],
      "max-lines-per-function": ["error", { max: 45, skipComments: true }],
      "no-control-regex": "off", // what is refused has to be named
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": ["error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({ property }))],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["groupchat/gateways/web/static/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/web/*.js"], languageOptions: { globals: globals.node }, rules: { "max-lines-per-function": "off" } },
];
