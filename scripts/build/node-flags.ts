/**
 * How node is started in the image and by `npm start`. By default V8 lets its nursery grow to three times 16 MiB, which
 * a process that mostly waits fills with what nobody needs any more: with 2 MiB it works as fast and needs some 60 MiB
 * less.
 */
export const nodeFlags = ['--max-semi-space-size=2'] as const;
