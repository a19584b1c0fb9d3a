/** The value of `Authorization` for a token that is the password of a user. */
export function basic(username: string, token: string): string {
  return `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`;
}

/** The value of `Authorization` for a token that stands for itself. */
export function bearer(token: string): string {
  return `Bearer ${token}`;
}
