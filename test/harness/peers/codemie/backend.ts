import { ApiError, applicationError, crash } from './api-error.ts';
import type { Authentication } from './authentication.ts';
import type { Directory } from './directory.ts';
import { PythonError } from './python.ts';
import type { SettingWrites } from './setting-writes.ts';
import type { SettingStore } from './store.ts';

/** What the routes work with. */
export interface Backend {
  readonly store: SettingStore;
  readonly directory: Directory;
  readonly writes: SettingWrites;
  readonly authentication: Authentication;
  /** `ENABLE_USER_MANAGEMENT`: CodeMie itself keeps who may do what. Without it `/v1/projects` is off. */
  readonly userManagement: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Throws PythonError while the database is down. */
  readonly touchDatabase: () => void;
}

const writeHelp =
  'Invalid setting data. Please provide a non-empty, unique alias for the setting and ensure all required ' +
  'fields are filled correctly. If the problem persists, contact support.';

/**
 * Runs the part of a create or an update whose every exception CodeMie answers as 422, an outage of its
 * database included. Errors that are answers already pass.
 *
 * @throws ApiError
 */
export async function asUnprocessable<T>(
  message: string,
  doing: 'create' | 'update',
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError || !(error instanceof PythonError)) {
      throw error;
    }
    const details = `An error occurred while trying to ${doing} the setting: ${error.message}`;
    throw applicationError(422, message, details, writeHelp);
  }
}

/** The answer to an unhandled error. */
export function answerToError(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  return crash(error instanceof PythonError ? error.message : 'RuntimeError: the peer itself failed');
}
