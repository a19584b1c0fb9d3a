/** The package has no types of its own. It is CommonJS, so what it exports by default is one level down. */
declare module 'textlint-rule-prh' {
  import type { TextlintKernelRule } from '@textlint/kernel';

  const exported: { default: TextlintKernelRule['rule'] };
  export = exported;
}
