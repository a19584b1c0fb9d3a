import { toJson } from '../documents.ts';
import { count, type Paint, printable, sentence } from '../io.ts';
import { type LintFinding, type LintFormat, type LintRule, lintRules } from './finding.ts';

/** What was found, and in how much. */
export interface LintResult {
  findings: readonly LintFinding[];
  /** How many files were read. */
  files: number;
  /** How many objects of the operator's API were checked. */
  objects: number;
}

/** Prints the result in a format. */
export function formatLint(result: LintResult, format: LintFormat, paint: Paint, version: string): string {
  switch (format) {
    case 'human':
      return human(result, paint);
    case 'json':
      return toJson({ summary: summary(result), findings: result.findings.map(plain) });
    case 'sarif':
      return toJson(sarif(result, version));
    case 'junit':
      return junit(result);
    case 'github':
      return github(result);
  }
}

function summary({ findings, files, objects }: LintResult) {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { files, objects, errors, warnings: findings.length - errors };
}

function plain({ position, object, ...rest }: LintFinding) {
  return { ...rest, ...position, ...(object !== undefined && { object: printable(object) }) };
}

function human(result: LintResult, paint: Paint): string {
  const { files, objects, errors, warnings } = summary(result);
  const lines = result.findings.map(({ file, position, severity, message, rule }) => {
    const color = severity === 'error' ? 'red' : 'yellow';
    const place = paint('bold', `${printable(file)}:${position.line}:${position.column}`);
    return `${place}: ${paint(color, severity)}: ${sentence(message)} ${paint('dim', `[${rule}]`)}`;
  });
  const found =
    errors + warnings === 0
      ? paint('green', 'nothing to complain about')
      : `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  return [...lines, `${count(objects, 'object')} in ${count(files, 'file')}: ${found}`, ''].join('\n');
}

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html */
function sarif({ findings }: LintResult, version: string) {
  const ids = Object.keys(lintRules);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        // The parser counts as JavaScript does, and so do most editors.
        columnKind: 'utf16CodeUnits',
        tool: {
          driver: {
            name: 'codemie-git',
            version,
            rules: Object.entries(lintRules).map(([id, text]) => ({ id, shortDescription: { text } })),
          },
        },
        results: findings.map(({ rule, severity, message, file, position, object }) => ({
          ruleId: rule,
          ruleIndex: ids.indexOf(rule),
          level: severity,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                region: { startLine: position.line, startColumn: position.column },
              },
              ...(object !== undefined && { logicalLocations: [{ fullyQualifiedName: object }] }),
            },
          ],
        })),
      },
    ],
  };
}

/** A path as a relative or absolute reference: a colon in it is no scheme, and what is left is no query. */
function uriOf(file: string): string {
  return file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
}

/** The form that Jenkins and GitLab read: one test case per file, one failure per error. Warnings go to system-out. */
function junit(result: LintResult): string {
  const byFile = Map.groupBy(result.findings, ({ file }) => file);
  const { errors } = summary(result);
  const cases = [...byFile].map(([file, findings]) => {
    const name = xml(file);
    const textOf = ({ message, position }: LintFinding) =>
      xml(`${file}:${position.line}:${position.column}: ${message}`);
    const isError = ({ severity }: LintFinding) => severity === 'error';
    const failures = findings.filter(isError).map((finding) => {
      const { rule, message } = finding;
      return `      <failure type="${rule}" message="${xml(message)}">${textOf(finding)}</failure>`;
    });
    const warnings = findings.filter((finding) => !isError(finding)).map(textOf);
    const body =
      warnings.length > 0 ? [...failures, `      <system-out>${warnings.join('\n')}</system-out>`] : failures;
    return [`    <testcase classname="codemie-git lint" name="${name}">`, ...body, '    </testcase>'].join(
      '\n',
    );
  });
  const clean = result.files - byFile.size;
  if (clean > 0)
    cases.push(
      ...Array.from(
        { length: clean },
        (_, index) => `    <testcase classname="codemie-git lint" name="without findings ${index + 1}"/>`,
      ),
    );
  const failures = new Set(
    result.findings.filter(({ severity }) => severity === 'error').map(({ file }) => file),
  ).size;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${cases.length}" failures="${failures}" errors="0">`,
    `  <testsuite name="codemie-git lint" tests="${cases.length}" failures="${failures}" errors="0">`,
    `    <properties><property name="errors" value="${errors}"/></properties>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function xml(text: string): string {
  const escapes: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return sentence(text).replaceAll(/[&<>"']/g, (letter) => escapes[letter] ?? letter);
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message */
function github({ findings }: LintResult): string {
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const data = (text: string) => sentence(text).replaceAll('%', '%25');
  return findings
    .map(({ severity, file, position, rule, message }) => {
      const where = `file=${property(file)},line=${position.line},col=${position.column}`;
      return `::${severity} ${where},title=${property(titleOf(rule))}::${data(message)}\n`;
    })
    .join('');
}

function titleOf(rule: LintRule): string {
  return `codemie-git ${rule}`;
}
