const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * Every bound on what comes from outside, in one table: Secrets, ConfigMaps, manifests, answers of servers. What is
 * larger is refused before work on it begins, with one sentence that names the bound. Together they keep any single
 * step on the main thread below 50 ms, and the memory of one input below a share of the chart's limit of 512 MiB.
 *
 * Strings and lists in manifests are bounded by the CRDs (`src/api`), which the API server enforces.
 */
export const bounds = {
  /** A page of a list of the Kubernetes API. It holds as many objects as fit; the limit is by bytes, not by count. */
  kubeListPage: {
    /** A single object may be larger, up to {@link bounds.kubeObject}. */
    maxBytes: 4 * MiB,
    /** Objects. As client-go: https://github.com/kubernetes/client-go/blob/master/tools/pager/pager.go. */
    maxItems: 500,
  },
  /** One object of the Kubernetes API. */
  kubeObject: {
    /** etcd takes requests of 1.5 MiB by default; escapes in JSON make six bytes of one. */
    maxBytes: 12 * MiB,
  },
  /** What is parsed of an object besides what is read of its kind. */
  objectMetadata: {
    /** Of the value of an annotation: the CRDs take no more of a handled request. */
    annotationChars: 256,
    /** Names of entries of a Secret or ConfigMap besides the one that is read, for a message. */
    dataNames: 100,
    /** Finalizers besides our own. */
    finalizers: 32,
  },
  /** A value of a Secret or ConfigMap that is kept for some seconds, for all who read it at about the same time. */
  sharedRead: {
    /** In base64. Keys and tokens are far shorter; a CA bundle of this size is read by each. */
    maxChars: 32 * KiB,
    /** The oldest goes. */
    maxEntries: 512,
  },
  /** The private key of a GitHub App. GitHub generates RSA keys of 2048 bits, with the exponent 65537. */
  privateKey: {
    /**
     * The value in the Secret. A key of 8192 bits has 6.4 KiB as PEM; the rest is for text around it, and for base64 of
     * base64.
     */
    maxBytes: 64 * KiB,
    /** Below it, RS256 is not allowed: https://www.rfc-editor.org/rfc/rfc7518#section-3.3. */
    minModulusBits: 2048,
    /** A signature costs the cube of it: 8192 bits take 50 to 250 ms on the thread pool. */
    maxModulusBits: 8192,
    /** Blinding a signature costs as much as the exponent is long. All issuers use 65537, which has 17 bits. */
    maxExponentBits: 32,
  },
  /** A PEM bundle of certificate authorities, from a Secret, a ConfigMap or the operator's own file. */
  caBundle: {
    /** All public authorities of a distribution have 220 to 400 KiB. */
    maxBytes: 512 * KiB,
    /** Distributions list 140 to 270 authorities. */
    maxCertificates: 400,
    /** Those that Node.js does not know already. Each takes up to 0.2 ms, and again for each TLS context. */
    maxUnknownCertificates: 100,
    /** The RSA keys in it. 4096 are the longest of public authorities. */
    maxModulusBits: 8192,
    /** As of private keys. */
    maxExponentBits: 32,
  },
  /** An answer of a Git host, of CodeMie but for its listing, or of an identity provider. */
  answer: {
    /** Counted after decompression. GitHub's longest page of installations has some 600 KiB. */
    maxBytes: 2 * MiB,
    /** GitHub's longest page has some 10,000 values. An object with an extra key takes 2 µs to parse. */
    json: { maxValues: 20_000, maxDepth: 64 },
  },
  /**
   * A listing of all Git integrations in CodeMie that a login can see. It is read row by row, in turns. Rows have some
   * 500 bytes: a server answers 5 MB for 10,000 integrations.
   */
  listing: {
    /** Through a ClusterCodeMieConnection, whose server and login an administrator has chosen. */
    cluster: { maxBytes: 64 * MiB, maxRows: 100_000 },
    /** Through a CodeMieConnection, whose server may be anybody's. */
    namespaced: { maxBytes: 4 * MiB, maxRows: 8_000 },
    /** Rows that are kept in memory for CodeMieConnections, of one namespace and of all together. */
    keptRows: { maxPerNamespace: 16_000, max: 40_000 },
    /** One row: its credential values, of which CodeMie's own have ten, its strings, its id and its times. */
    row: { maxKeys: 64, maxChars: 1024, idChars: 100, timeChars: 64 },
  },
  /** What CodeMie reports about a login, as far as it is kept. Its answer has some 100 bytes for each project. */
  account: {
    /** Projects of a login, of which an administrator's has all; further ones are asked for when they are needed. */
    cluster: { maxProjects: 20_000, maxAccountBytes: 8 * MiB },
    namespaced: { maxProjects: 2_000, maxAccountBytes: 2 * MiB },
    /** The CRDs take no longer name of a project. */
    nameChars: 100,
  },
  /** The payload of a token of a login, which is read for its lifetime and for explanations. */
  tokenPayload: {
    /** In base64. Servers refuse headers of more than 8 to 16 KiB, and so longer tokens. */
    maxChars: 64 * KiB,
  },
  /** TLS handshakes that one namespace makes, or a connection for all: see `net/handshakes.ts`. */
  handshakes: {
    /** A hostile chain takes about a second, so that this many seconds are the longest block. */
    atOnce: 2,
    /** What those that fail may compute before no new server is asked for a while. */
    burstMs: 5_000,
    /** Of a failed one that costs nothing. A usual one takes 2 to 5 ms. */
    usualMs: 50,
    /** Of the main thread's time, in the long run. */
    share: 0.05,
    /** Servers that are remembered because a handshake with them succeeded. */
    maxProven: 100,
    /** How long one waits for those under way. */
    longestWaitMs: 10_000,
  },
  /** The headers of an answer. */
  responseHeaders: {
    /** All of them. As Node.js and most servers. */
    maxBytes: 16 * KiB,
    /** A longer one is dropped: none that is read has more than some hundred bytes. */
    maxValueBytes: 4 * KiB,
  },
  /** An access token, as an identity provider or CodeMie issues it. */
  accessToken: {
    /** Servers refuse longer headers. */
    maxChars: 16 * KiB,
  },
  /** What a Git host reports about a credential, which is kept for each: names, and lists of names such as scopes. */
  providerReport: {
    /** Names of accounts and scopes have less than 100. */
    maxChars: 255,
    /** GitHub knows some 100 permissions, GitLab some 30 scopes. */
    maxItems: 500,
  },
  /**
   * What Git hosts answered about credentials, which is kept for all integrations with the same one. Validations and
   * installations each; what was refused is counted.
   */
  keptAnswers: {
    /** Of one namespace: some 15,000 usual answers, or 100 with all that {@link bounds.providerReport} lets in. */
    maxBytesPerNamespace: 16 * MiB,
    maxBytes: 48 * MiB,
    maxRefusalsPerNamespace: 4_000,
    maxRefusals: 12_000,
    /** Hosts that refuse many credentials of one namespace just now. */
    maxCrowdedPerNamespace: 100,
    maxCrowded: 5_000,
  },
  /** What CodeMie answered about projects, for each connection: some hundred per namespace. */
  keptLookUps: { maxBytesPerNamespace: 512 * KiB, maxBytes: 8 * MiB },
  /** A token, password, user name, or number in a Secret. */
  secretValue: {
    /** The longest tokens in use are JWTs of a few KiB; servers refuse headers of more than 8 to 16 KiB. */
    maxChars: 16 * KiB,
  },
} as const;
