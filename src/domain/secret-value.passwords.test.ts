import { describe, expect, it } from 'vitest';
import { doubtAbout, readPassword } from './secret-value.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const marked = (mark: number[], bytes: Buffer): Buffer => Buffer.concat([Buffer.from(mark), bytes]);

describe('readPassword', () => {
  it.each([
    ['blanks and other letters', 'pass wörd ', 'pass wörd '],
    ['one line end', 'secret\r\n', 'secret'],
    ['UTF-16', marked([0xff, 0xfe], utf16('pässword\r\n')), 'pässword'],
    ...['"quoted"', "'a'", 'changeme', '<secret>', '$ecret', '$Pass', '%41', 'a=b', '{x}', 'Bearer x'].map(
      (password): [string, string, string] => [password, password, password],
    ),
    ['base64', base64('password'), base64('password')],
    ['two lines', 'a\nb', 'a\nb'],
  ])('takes %s', (_, raw, value) => {
    expect(readPassword(raw, 'password')).toEqual({ value });
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '\n', 'is empty'],
    ['SOPS', 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n', 'is still encrypted by SOPS'],
    ['Ansible Vault', '$ANSIBLE_VAULT;1.1;AES256\n61', 'is still encrypted by Ansible Vault'],
    ['a placeholder', '{{ .Values.password }}', 'is a placeholder that was not filled in'],
    ['a reference', 'op://vault/item/password', 'is a reference to a secret store that was not resolved'],
    ['JSON', '{"password":"x"}', 'is a JSON object'],
    ['no text', Buffer.from([0x70, 0xe4, 0x73, 0x73]), 'is not text'],
  ])('refuses %s', (_, raw, clause) => {
    const read = readPassword(raw, 'password');
    expect('fault' in read && read.fault.sentence).toBe(`The password ${clause}.`);
  });
});

describe('doubtAbout', () => {
  it.each([
    ['"hunter2 and more"', 'starts and ends with quotation marks, which are sent as a part of it.'],
    ["'hunter2'", 'starts and ends with quotation marks, which are sent as a part of it.'],
    ['hunter2 ', 'starts or ends with a blank or another character that is not seen, which is sent'],
    ['\u00A0hunter2', 'starts or ends with a blank'],
    ['hunter2\n', 'starts or ends with a blank'],
    ['hunter2\u200B', 'starts or ends with a blank'],
    [base64('correct horse battery'), 'may be encoded in base64 once more'],
    [base64('correct horse battery\n'), 'may be encoded in base64 once more'],
    ['CHANGEME', 'might not be the bare value'],
    ['<password>', 'might not be the bare value'],
    ['PASSWORD=hunter2', 'might not be the bare value'],
    ['hunter%402', 'might not be the bare value'],
  ])('says of %j that it %s', (password, clause) => {
    const doubt = doubtAbout(password, 'password in Secret "a" (key "b")');
    expect(doubt).toContain(`the password in Secret "a" (key "b") ${clause}`);
    expect(doubt).not.toMatch(/hunter|horse/);
  });

  it.each(['hunter2', 'a "quoted" word', '"', 'C0rrect!Horse#42', 'Tr0ub4dor&3 and blanks', 'aGVsbG8='])(
    'says nothing of %j',
    (password) => {
      expect(doubtAbout(password, 'password')).toBeUndefined();
    },
  );
});
