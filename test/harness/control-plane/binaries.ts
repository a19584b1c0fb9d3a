/** The programs a local control plane consists of, as absolute paths. */
export interface Binaries {
  source: 'assets' | 'go-build';
  etcd: string;
  apiServer: string;
  /** Without it there is no garbage collection, no namespace deletion and no Pod of a Deployment. */
  controllerManager?: string;
}

/** That this machine has no such programs, with the reason, for users. */
export interface Unavailable {
  source: 'unavailable';
  reason: string;
}
