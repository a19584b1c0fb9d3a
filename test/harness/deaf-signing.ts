/**
 * A preload (`node --import`) with a bug: signing, as for a GitHub App, never comes back and heeds no signal. The clock of
 * the process may go faster, see `fast-clock.ts`.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import './fast-clock.ts';

Object.assign(crypto, { sign: () => {} });
syncBuiltinESMExports();
