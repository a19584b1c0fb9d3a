import { expect, it } from 'vitest';
import { releaseNotes } from './notes.ts';

const changelog = `# Changelog

## [Unreleased]

- next

## [0.2.0] - 2027-01-01

### Added

- new

## [0.1.0] - 2026-12-01
`;

it.each([
  ['the version', '0.2.0', false, '### Added\n\n- new'],
  ['what is not released yet, in a dry run', '0.3.0', true, '- next'],
])('are the section of %s', (_name, version, orUnreleased, notes) => {
  expect(releaseNotes(changelog, version, { orUnreleased })).toBe(notes);
});

it.each([
  ['is missing', '0.3.0'],
  ['is empty', '0.1.0'],
])('are refused when the section %s', (_name, version) => {
  expect(() => releaseNotes(changelog, version, { orUnreleased: false })).toThrow(
    `CHANGELOG.md has no section [${version}]`,
  );
});
