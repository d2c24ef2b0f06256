import { X509Certificate } from 'node:crypto';
import { CertificateAuthority, selfSigned } from './certificates.js';

const read = ({ cert }: { readonly cert: string }) => new X509Certificate(cert);

describe('a certificate of the tests', () => {
  const ca = new CertificateAuthority();

  it('is by its authority, for a server on this machine, and valid now', () => {
    const certificate = read(ca.issue());
    expect(certificate.verify(read(ca).publicKey)).toBe(true);
    expect(certificate.checkIssued(read(ca))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkHost('elsewhere.example.com')).toBeUndefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
  });

  it('has the names, the time and the use that were asked for', () => {
    const certificate = read(
      ca.issue({ names: ['a.example.com', '10.1.2.3'], from: -9, to: -2, usage: 'client' }),
    );
    expect(certificate.subjectAltName).toBe('DNS:a.example.com, IP Address:10.1.2.3');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(-2);
    expect(Math.round((Date.parse(certificate.validFrom) - Date.now()) / 86_400_000)).toBe(-9);
  });

  it('is by its own authority alone, and each authority is another', () => {
    const other = new CertificateAuthority();
    expect(read(ca.issue()).verify(read(other).publicKey)).toBe(false);
    expect(read(other).ca).toBe(true);
    expect(read(other).subject).not.toBe(read(ca).subject);
    const own = read(selfSigned());
    expect(own.checkIssued(own)).toBe(true);
  });

  it('can be by an authority that was kept', () => {
    const again = new CertificateAuthority({ cert: ca.cert, key: ca.key });
    expect(read(again.issue()).checkIssued(read(ca))).toBe(true);
    expect(read(again.issue()).verify(read(ca).publicKey)).toBe(true);
  });
});
