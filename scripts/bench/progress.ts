/** Shows progress to the user who waits. */
export interface Progress {
  /** A new thing goes on. With `state`, how far it is, shown again and again on a terminal. */
  step(text: string, state?: () => string): void;
  /** Nothing goes on any more. */
  end(): void;
}

const refreshMs = 500;

/** Shows it on standard error, so that standard output holds the results only. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let timer: NodeJS.Timeout | undefined;
  let pending = '';

  function end(): void {
    clearInterval(timer);
    if (pending !== '') stream.write(`\r\u001B[K${pending}\n`);
    pending = '';
  }

  return {
    step(text, state) {
      end();
      if (!stream.isTTY) {
        stream.write(`${text}\n`);
        return;
      }
      const show = (): void => {
        pending = state === undefined ? text : `${text}: ${state()}`;
        stream.write(`\r\u001B[K${pending}`);
      };
      show();
      timer = setInterval(show, refreshMs);
    },
    end,
  };
}
