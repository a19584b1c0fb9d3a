/**
 * Every duration that the code fixes, in milliseconds, with what it is for: the one table of them. `docs/durations.md` is
 * made from it by `npm run generate`, and a test refuses a duration that is written elsewhere.
 */
export const durationTable = {
  kube: {
    title: 'Kubernetes API',
    entries: {
      callTimeoutMs: [
        30_000,
        'Longest time for one call to the API server; a page of a list gets twice as long.',
      ],
      credentialPluginMs: [60_000, 'Longest time that the credential plugin of a kubeconfig gets.'],
      credentialAgeMs: [
        60_000,
        'Service account tokens and CA files are read again this often, as client-go does.',
      ],
      longestRetryAfterMs: [
        30_000,
        'Longest wait that a Retry-After of the API server is obeyed for. One that asks for more comes from a proxy.',
      ],
      reconcileDeadlineMs: [120_000, 'Longest time for one reconcile, waits for others included.'],
      abortGraceMs: [
        5_000,
        'A reconcile that heeds neither its deadline nor the stop is left behind after this.',
      ],
      drainMs: [20_000, 'How long running reconciles may go on when the process stops.'],
      firstBackoffMs: [
        1_000,
        'Wait after the first failed reconcile of an object; it doubles with each further one.',
      ],
      longestBackoffMs: [15 * 60_000, 'Longest wait after a failed reconcile.'],
      watchMs: [20_000, 'How long one watch lasts, before the next one goes on from there.'],
      watchGraceMs: [15_000, 'How long after its agreed end a watch is given up.'],
      shortWatchMs: [
        1_000,
        'A watch that ends this soon is not opened again at once, and counts as refused if it brought nothing.',
      ],
      firstRelistMs: [
        800,
        'Wait before a list or watch that failed is retried; it doubles with each further failure.',
      ],
      longestRelistMs: [15_000, 'Longest wait before a list or watch is retried.'],
      leaseMs: [15_000, 'Duration of the Lease of the leader, unless `--lease-duration` says otherwise.'],
      leaseRetryMs: [
        2_000,
        'Time between renewals of the Lease, as in client-go; less where the Lease is short.',
      ],
      leaseReleaseMs: [5_000, 'Longest time for giving the Lease back.'],
      leaseStandInPollMs: [
        500,
        'How often the thread that renews for a busy main thread checks the age of the last renewal.',
      ],
      eventSeriesMs: [10 * 60_000, 'The same event after this silence is a new one.'],
      eventCountMs: [60_000, 'The count of an event that repeats is written at most this often.'],
      eventSpacingMs: [20, 'Time between two writes of events, after a first few.'],
      busyEventSpacingMs: [200, 'The same while objects wait for their reconcile.'],
      eventTimeoutMs: [10_000, 'Longest time for writing one event.'],
      eventRetryMs: [
        1_000,
        'Wait before a failed write of an event is retried; it grows by as much with each try.',
      ],
    },
  },
  operator: {
    title: 'Operator',
    entries: {
      accessCheckMs: [5_000, 'Time between two checks of permissions at the start, while some are missing.'],
      silenceMs: [
        30 * 60_000,
        'The liveness probe fails when the API server was not heard of for this long.',
      ],
      flushMs: [3_000, 'Longest time for the last events before the process ends.'],
      stopMs: [28_000, 'Longest time from the signal to stop to the end of the process.'],
      addressAttemptMs: [3_000, 'How long one address of a host is tried before the next one.'],
      namespaceIntervalMs: [30_000, 'How often namespaces are read that may be read one by one only.'],
      namespaceRetryMs: [1_000, 'The same until all of them were read once.'],
      leastRequeueMs: [
        1_000,
        'Shortest wait where a reconcile comes back at a given time, which may have passed.',
      ],
      requestSpacingMs: [10_000, 'Time after which one more request for a reconcile is acted on at once.'],
      countDelayMs: [
        1_000,
        'A connection counts its integrations at most once in this time, however many are applied at once.',
      ],
      keptReadMs: [10_000, 'How long a Secret or ConfigMap that was read serves others who name it.'],
      readTimeoutMs: [30_000, 'Longest time for reading a Secret or ConfigMap.'],
    },
  },
  connections: {
    title: 'Connections',
    entries: {
      checkMs: [5 * 60_000, 'How often a connection that works is checked.'],
      troubleCheckMs: [
        60_000,
        'How often one that does not work is checked: changes in CodeMie or the identity provider are not reported.',
      ],
      graceMs: [15 * 60_000, "How long a connection that was Ready stays so while CodeMie can't be reached."],
      doubtMs: [
        120_000,
        'How long a rejection that may be temporary is not final for a login that worked before.',
      ],
      readTimeoutMs: [30_000, 'Longest time for reading the Secrets of a connection.'],
      accountAgeMs: [30_000, 'How old the answer of CodeMie about an account or project may be.'],
      lookUpTimeoutMs: [60_000, 'Longest time for such an answer, waits for the rate limit included.'],
    },
  },
  integrations: {
    title: 'GitIntegrations',
    entries: {
      listedWithinMs: [
        120_000,
        'An integration that was written is reconciled after this time, should the listing that is to show it never come.',
      ],
      rememberedWriteMs: [
        10 * 60_000,
        'How long a write to CodeMie is remembered: longer than any listing is in use.',
      ],
      leastGraceMs: [
        30 * 60_000,
        'However often a credential is validated, a shorter outage does not change Ready.',
      ],
      uncheckedConnectionMs: [30_000, 'Wait for a connection that has not been checked yet.'],
      refusalAgeMs: [3_000, 'How long an answer of CodeMie that refuses a project is shared.'],
      firstTroubleMs: [
        5_000,
        'First interval of the checks while a user must act in CodeMie; it doubles with each further one.',
      ],
      tearDownGraceMs: [
        5 * 60_000,
        'How long the Secret of a login is waited for that was deleted together with its connection.',
      ],
    },
  },
  codemie: {
    title: 'CodeMie',
    entries: {
      callTimeoutMs: [
        30_000,
        'Longest time for one call to CodeMie, which may work for a while on a change.',
      ],
      listingTimeoutMs: [60_000, 'Longest time for one page of a listing of CodeMie.'],
      longestRetryAfterMs: [3_600_000, 'Longest wait that a Retry-After of CodeMie is obeyed for.'],
      leastWindowMs: [
        15_000,
        'How long a listing serves those who demand no newer one, counted from its start.',
      ],
      longestWindowMs: [60_000, 'How long a large listing serves at most.'],
      demandSpacingMs: [1_000, 'Time between listings that are demanded, after a first few.'],
      calmAfterMs: [60, 'Writing counts as over when CodeMie was not called for this long.'],
      firstListingDelayMs: [
        500,
        'While writing is not over, a listing is put off by this, and each next one by twice as long.',
      ],
      longestListingDelayMs: [20_000, 'Longest time by which a listing is put off.'],
      waveEndsMs: [3_000, 'Writes of a namespace that are this far apart do not put listings off together.'],
      assumedTokenLifetimeMs: [300_000, 'Lifetime of an access token that names none.'],
      shortestTokenLifetimeMs: [1_000, 'Shortest lifetime of an access token that is believed.'],
      longestTokenUseMs: [600_000, 'Longest time that an access token is used, however long it lives.'],
      renewalMs: [60_000, 'Longest time before its end at which an access token is renewed.'],
      refusedSignInMs: [
        60_000,
        'Wait after a rejected sign-in, because identity providers lock accounts; it doubles with each further one.',
      ],
      longestRefusedSignInMs: [300_000, 'Longest wait after a rejected sign-in.'],
      failedSignInMs: [
        3_000,
        'Wait after a sign-in that failed for another reason; it doubles with each further one.',
      ],
      longestFailedSignInMs: [30_000, 'Longest wait after such a failure.'],
      failedLocalLoginMs: [
        15_000,
        "The same for CodeMie's own login, which counts failed sign-ins and allows five in 15 minutes.",
      ],
      longestFailedLocalLoginMs: [240_000, "Longest wait after such a failure of CodeMie's own login."],
      replacementMs: [
        30_000,
        'Time between sign-ins that a 401 of CodeMie causes; it doubles with each further one.',
      ],
      longestReplacementMs: [300_000, 'Longest time between such sign-ins.'],
      signInBudgetMs: [15 * 60_000, 'Sign-ins are counted over this time.'],
      localLoginLimitMs: [
        180_000,
        "Wait after CodeMie's own login answered that there were too many sign-ins.",
      ],
    },
  },
  providers: {
    title: 'Git providers',
    entries: {
      callTimeoutMs: [15_000, 'Longest time for one call to a Git provider: each is a small question.'],
      leastRateLimitMs: [1_000, 'Shortest wait after a provider asked for fewer calls.'],
      patienceMs: [
        5_000,
        'A reconcile that waits for a provider longer than this ends, and comes back later.',
      ],
      validationMs: [60_000, 'Longest time for all calls of one validation.'],
      recheckMs: [
        [5_000, 15_000, 60_000],
        'When a rejected credential is checked again, before the rejection is final.',
      ],
      plannedWindowMs: [
        90_000,
        'The time that those rechecks are made for. `--refusal-window` stretches or shortens them.',
      ],
      firstRejectedRecheckMs: [
        5 * 60_000,
        'A final rejection is checked again after this time, and each next time after twice as long.',
      ],
      staleRejectionMs: [
        10 * 60_000,
        'A rejection that no one asked about for so long is no part of a series any more.',
      ],
      recheckWindowMs: [60_000, 'Rechecks at one host are counted over this time.'],
      sharedFailureMs: [
        500,
        'How long a temporary failure stands for all who share the credential: less than the first backoff.',
      ],
      sharedVerdictMs: [60_000, 'How long a failure may serve those who asked before its call began.'],
      defaultWaitMs: [60_000, 'Wait after a rate limit that names no time.'],
      longestWaitMs: [
        3_600_000,
        'No header of a provider silences the operator for longer: limits are renewed within an hour everywhere.',
      ],
      gitHubLockedOutMs: [
        10 * 60_000,
        'Wait after GitHub rejected too many sign-ins, which locks good ones out too.',
      ],
      gitLabBanCheckMs: [
        10 * 60_000,
        "Wait after an answer of GitLab that may be a ban of the operator's address.",
      ],
      clockSkewMs: [
        30_000,
        'Smaller differences between the clocks of a host and of the operator are not reported.',
      ],
      implausibleExpiryMs: [
        5 * 60_000,
        'An expiry of a GitHub token that is nearer than this at its first use is not believed.',
      ],
    },
  },
  net: {
    title: 'Outbound calls',
    entries: {
      longestConnectMs: [
        10_000,
        'Longest time for a connection to a server to be made, within the time of the call.',
      ],
      firstPauseMs: [
        30_000,
        'How long a server that timed out three times in a row is not asked; it doubles with each further pause.',
      ],
      longestPauseMs: [120_000, 'Longest pause of a server that times out.'],
      roomPatienceMs: [
        2_000,
        'How long a call waits for room among the calls that are under way, before those that hold it up give way.',
      ],
    },
  },
  observability: {
    title: 'Observability',
    entries: {
      selfSignedMs: [
        10 * 365 * 24 * 3_600_000,
        'Validity of a serving certificate that the operator made itself: longer than a Pod lives.',
      ],
      certificateCheckMs: [
        10_000,
        'How often the files of the serving certificate are compared with what is in use.',
      ],
      answerMs: [
        30_000,
        "Longest time for one answer of the metrics endpoint, so that a client that doesn't read holds nothing.",
      ],
      clientMs: [
        [5_000, 5_000, 10_000],
        'How long a client of the metrics endpoint may take for its TLS handshake, its headers and its whole request.',
      ],
      traceExportMs: [5_000, 'Longest time for one export of traces.'],
      allowedReaderMs: [
        60_000,
        "How long the API server's answer counts that a reader of metrics is allowed.",
      ],
      refusedReaderMs: [10_000, 'How long its answer counts that a reader is not allowed.'],
      readerReviewMs: [5_000, 'Longest time for asking it.'],
    },
  },
} as const satisfies Record<string, DurationGroup>;

interface DurationGroup {
  title: string;
  entries: Readonly<Record<string, readonly [ms: number | readonly number[], purpose: string]>>;
}

type Table = typeof durationTable;

/** The durations of {@link durationTable} by the part that they belong to, in milliseconds. */
export const durations: { readonly [G in keyof Table]: DurationsOf<Table[G]['entries']> } = {
  kube: valuesOf(durationTable.kube.entries),
  operator: valuesOf(durationTable.operator.entries),
  connections: valuesOf(durationTable.connections.entries),
  integrations: valuesOf(durationTable.integrations.entries),
  codemie: valuesOf(durationTable.codemie.entries),
  providers: valuesOf(durationTable.providers.entries),
  net: valuesOf(durationTable.net.entries),
  observability: valuesOf(durationTable.observability.entries),
};

type DurationsOf<E> = {
  readonly [K in keyof E]: E[K] extends readonly [infer Ms, string] ? Widened<Ms> : never;
};

type Widened<Ms> = Ms extends number ? number : { readonly [I in keyof Ms]: number };

function valuesOf<E extends DurationGroup['entries']>(entries: E): DurationsOf<E>;
function valuesOf(entries: DurationGroup['entries']): Record<string, number | readonly number[]> {
  return Object.fromEntries(Object.entries(entries).map(([name, [ms]]) => [name, ms]));
}
