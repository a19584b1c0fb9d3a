import { randomUUID } from 'node:crypto';
import { isoFormat } from './python.ts';

/** An account that signs in: a user or a service account, CodeMie makes no difference. */
export interface CodeMieUser {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly email: string;
  /** For CodeMie's own sign-in; undefined where only the identity provider knows the user. */
  readonly password: string | undefined;
  isAdmin: boolean;
  isMaintainer: boolean;
  /** Membership by name of the project, the value says whether as project administrator. Outlives the project. */
  readonly projects: Map<string, boolean>;
}

export interface NewUser {
  readonly id?: string;
  /** Also the name and, at example.com, the e-mail address. */
  readonly username: string;
  readonly email?: string;
  readonly password?: string;
  readonly isAdmin?: boolean;
  readonly isMaintainer?: boolean;
  readonly memberOf?: readonly string[];
  readonly projectAdminOf?: readonly string[];
}

export interface CodeMieProject {
  readonly name: string;
  readonly description: string;
  readonly projectType: 'shared' | 'personal';
  readonly createdBy: string | null;
  readonly createdAt: string;
}

/** Users and projects. */
export interface Directory {
  /**
   * Every user gets a personal project named as the e-mail address, which gives no rights of a project administrator.
   */
  addUser(user: NewUser): CodeMieUser;
  userById(id: string): CodeMieUser | undefined;
  userByEmail(email: string): CodeMieUser | undefined;
  /** Adds a project, or gives back the one of exactly this name. */
  addProject(name: string, options?: { description?: string; createdBy?: string }): CodeMieProject;
  project(name: string): CodeMieProject | undefined;
  /** What a write of a setting does: it compares without regard to case, and creates the project if there is none. */
  ensureProject(name: string): void;
  removeProject(name: string): void;
  projects(): readonly CodeMieProject[];
}

/** @param now epoch milliseconds */
export function createDirectory(now: () => number): Directory {
  const users = new Map<string, CodeMieUser>();
  const projects = new Map<string, CodeMieProject>();

  function put(project: Omit<CodeMieProject, 'createdAt'>): CodeMieProject {
    const made = { ...project, createdAt: isoFormat(now() * 1_000) };
    projects.set(made.name, made);
    return made;
  }

  return {
    addUser(fields) {
      const user: CodeMieUser = {
        id: fields.id ?? randomUUID(),
        name: fields.username,
        username: fields.username,
        email: fields.email ?? `${fields.username}@example.com`,
        password: fields.password,
        isAdmin: fields.isAdmin ?? false,
        isMaintainer: fields.isMaintainer ?? false,
        projects: new Map([
          ...(fields.memberOf ?? []).map((name) => [name, false] as const),
          ...(fields.projectAdminOf ?? []).map((name) => [name, true] as const),
        ]),
      };
      user.projects.set(user.email, false);
      put({ name: user.email, description: 'Personal project', projectType: 'personal', createdBy: user.id });
      users.set(user.id, user);
      return user;
    },
    userById: (id) => users.get(id),
    userByEmail: (email) => [...users.values()].find((user) => user.email === email),
    addProject(name, options = {}) {
      return (
        projects.get(name) ??
        put({
          name,
          description: options.description ?? '',
          projectType: 'shared',
          createdBy: options.createdBy ?? null,
        })
      );
    },
    project: (name) => projects.get(name),
    ensureProject(name) {
      const wanted = name.toLowerCase();
      if (![...projects.keys()].some((known) => known.toLowerCase() === wanted)) {
        put({ name, description: '', projectType: 'shared', createdBy: null });
      }
    },
    removeProject: (name) => {
      projects.delete(name);
    },
    projects: () => [...projects.values()],
  };
}
