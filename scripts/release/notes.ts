/**
 * The section of the changelog about a version, without its heading: the notes of the release. A dry run before the
 * section is named takes `Unreleased`.
 *
 * @throws Error when there is no such section, or nothing in it
 */
export function releaseNotes(changelog: string, version: string, options: { orUnreleased: boolean }): string {
  const sections = new Map(
    changelog
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [heading = '', ...lines] = section.split('\n');
        return [/^\[([^\]]+)\]/.exec(heading)?.[1] ?? '', lines.join('\n').trim()] as const;
      }),
  );
  const notes = sections.get(version) ?? (options.orUnreleased ? sections.get('Unreleased') : undefined);
  if (!notes) throw new Error(`CHANGELOG.md has no section [${version}]: name it and give it the date.`);
  return notes;
}
