import type { UsageLimitedReason } from '../api/reasons.ts';
import { canonicalUrl, losesPath } from './codemie-url.ts';
import type { DesiredSetting, SettingIndex } from './git-setting.ts';

/** Something that CodeMie itself cannot honour. */
export interface UsageLimit {
  reason: UsageLimitedReason;
  message: string;
}

/**
 * The first of the known limits of CodeMie that this integration meets. All are observed behaviour of
 * codemie-ai/codemie, commit 2a481c2.
 */
export function usageLimit(
  desired: DesiredSetting,
  url: string,
  rows: SettingIndex,
  ownId: string,
): UsageLimit | undefined {
  const isApp = desired.values.some(({ key }) => key === 'app_id');
  const host = new URL(url).hostname;
  if (isApp && host !== 'github.com' && host !== 'www.github.com')
    return {
      reason: 'GitHubAppOnEnterpriseServer',
      message: `CodeMie asks api.github.com for the tokens of every GitHub App, so this one does not work on ${host}. Use auth.token.`,
    };
  const held = canonicalUrl(url);
  if (held.endsWith('.git'))
    return {
      reason: 'SingleRepositoryURL',
      message: `CodeMie finds this integration by URL for ${held} alone, written exactly so, and for no other repository. For all of the server, leave the path out of url.`,
    };
  if (losesPath(url))
    return {
      reason: 'URLPathDropped',
      message: `CodeMie keeps scheme, host and port of the URL only, so it finds this integration by URL for all of ${held}. Choose it explicitly in data sources.`,
    };
  const rival = rows.inProject(desired.project).some((row) => row.id !== ownId && row.values['url'] === held);
  return rival
    ? {
        reason: 'AmbiguousURL',
        message: `Project "${desired.project}" has several integrations for ${held}, and CodeMie may take any. Choose one explicitly in data sources.`,
      }
    : undefined;
}
