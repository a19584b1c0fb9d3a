import { describe, expect, it } from 'vitest';
import { classifyAddress, isMeshAddress } from './address.ts';

describe('classifyAddress', () => {
  it.each([
    ['140.82.121.4', 'public'],
    ['2606:50c0:8000::154', 'public'],
    ['::ffff:140.82.121.4', 'public'],
    ['64:ff9b::8c52:7904', 'public'],

    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['127.0.0.1', 'private'],
    ['127.8.9.10', 'private'],
    ['100.64.0.1', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:a00:1', 'private'],
    ['64:ff9b::a00:1', 'private'],

    ['169.254.169.254', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['FD00:0EC2:0:0:0:0:0:254', 'forbidden'],
    ['fd20:ce::254', 'forbidden'],
    ['192.0.0.192', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['fec0::1', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['0.1.2.3', 'forbidden'],
    ['::', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['198.18.0.1', 'forbidden'],
    ['203.0.113.9', 'forbidden'],
    ['240.0.0.1', 'forbidden'],
    ['2001:db8::1', 'forbidden'],
    ['2002:7f00:1::', 'forbidden'],
    ['2001:0:4136:e378::1', 'forbidden'],
    ['64:ff9b:1::a00:1', 'forbidden'],
    ['::7f00:1', 'forbidden'],
    ['::ffff:0:127.0.0.1', 'forbidden'],
    ['4000::1', 'forbidden'],
    ['github.com', 'forbidden'],
    ['', 'forbidden'],
  ])('%s is %s', (address, expected) => {
    expect(classifyAddress(address)).toBe(expected);
  });
});

it.each([
  ['240.240.0.3', true],
  ['198.18.0.1', true],
  ['198.19.255.255', true],
  ['240.241.0.1', false],
  ['169.254.169.254', false],
  ['fd00::1', false],
  ['name', false],
])('%s is made up by a mesh or tunnel: %s', (address, expected) => {
  expect(isMeshAddress(address)).toBe(expected);
});

it.each(['240.240.0.3', '198.18.0.1'])('%s, which a mesh or tunnel made up, stays refused', (address) => {
  expect(classifyAddress(address)).toBe('forbidden');
});
