import type { Answer, Question } from '../git-hosts/exchange.ts';
import type { Site } from './site.ts';

/**
 * The web site, for those who take it for the API: pages for people. Enterprise Server sends who is not
 * signed in to its login page.
 */
export function answerWeb(site: Site, question: Question): Answer {
  if (site.enterpriseVersion !== undefined && question.path !== '/login') {
    return { status: 302, headers: { location: `${site.webUrl}/login` }, body: '' };
  }
  return {
    status: question.path === '/' || question.path === '/login' ? 200 : 404,
    headers: { 'content-type': 'text/html; charset=utf-8', server: 'GitHub.com' },
    body: '<!DOCTYPE html><html lang="en"><head><title>GitHub</title></head><body></body></html>',
  };
}
