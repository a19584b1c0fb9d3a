import ipaddr from 'ipaddr.js';
import { parse } from 'tldts';

/**
 * Where an address leads:
 * - `public`: the Internet;
 * - `private`: this machine or the networks around it, which a policy may allow;
 * - `forbidden`: never a server we want, whatever the policy: link-local (cloud metadata), multicast, reserved.
 */
export type AddressClass = 'public' | 'private' | 'forbidden';

/**
 * Metadata services that stand outside the link-local range, where an instance's own credentials can be read.
 * AWS `fd00:ec2::254` https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
 * Google `fd20:ce::254` https://cloud.google.com/compute/docs/metadata/querying-metadata,
 * Azure `168.63.129.16` https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16,
 * Alibaba `100.100.100.200` https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata.
 */
const metadataServices = new Set(
  ['fd00:ec2::254', 'fd20:ce::254', '168.63.129.16', '100.100.100.200'].map((text) =>
    ipaddr.parse(text).toString(),
  ),
);

/**
 * What meshes and tunnels make up for names:
 * https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/
 */
const madeUp: readonly [ipaddr.IPv4, number][] = [
  [ipaddr.IPv4.parse('240.240.0.0'), 16],
  [ipaddr.IPv4.parse('198.18.0.0'), 15],
];

/** Whether an address is one that a service mesh (Istio) or a tunnel with "fake IP" usually hands out for a name. */
export function isMeshAddress(text: string): boolean {
  if (!ipaddr.IPv4.isValid(text)) return false;
  const address = ipaddr.IPv4.parse(text);
  return madeUp.some(([network, bits]) => address.match(network, bits));
}

const privateRanges = new Set(['private', 'loopback', 'carrierGradeNat', 'uniqueLocal']);

/** The whole of today's public IPv6 space, https://www.iana.org/assignments/ipv6-address-space. */
const globalUnicast = ipaddr.IPv6.parse('2000::');

/**
 * Classifies a literal IPv4 or IPv6 address, without brackets. IPv6 forms that embed an IPv4 address (mapped, and the
 * NAT64 prefix of RFC 6052 that IPv6-only clusters use) count as that IPv4 address. What is not an address is
 * forbidden.
 */
export function classifyAddress(text: string): AddressClass {
  if (!ipaddr.isValid(text)) return 'forbidden';
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return classifyKnown(address.toString(), address.range());
  const embedded = embeddedIPv4(address);
  if (embedded !== undefined) return classifyKnown(embedded.toString(), embedded.range());
  const addressClass = classifyKnown(address.toString(), address.range());
  return addressClass === 'public' && !address.match(globalUnicast, 3) ? 'forbidden' : addressClass;
}

function classifyKnown(text: string, range: string): AddressClass {
  if (metadataServices.has(text)) return 'forbidden';
  if (privateRanges.has(range)) return 'private';
  return range === 'unicast' ? 'public' : 'forbidden';
}

const nat64 = ipaddr.IPv6.parse('64:ff9b::');

function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (!address.isIPv4MappedAddress() && !address.match(nat64, 96)) return undefined;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

/**
 * The part of a host name that an owner registers, such as `example.com` of `a.b.example.com`: what is below it costs
 * nothing, so that all of it counts as one host. Suffixes are those of the public suffix list that registries run
 * (https://publicsuffix.org); names below those of companies, such as `github.io`, count as one. In a cluster it is the
 * namespace of a Service. An IP address, or a name without a dot, is itself.
 */
export function registrableHost(hostname: string): string {
  const service = /\.([^.]+)\.svc\.cluster\.local$/.exec(hostname);
  if (service) return `${service[1]}.svc.cluster.local`;
  return parse(hostname).domain ?? hostname;
}
