import { Injectable, type PipeTransform } from '@nestjs/common';
import { hasUnstorableText } from '../../domain/unstorable-text.js';
import { noLicense } from '../issuer-server-error.js';

/** The id of a license in the path. The database would fail at one that it cannot hold. */
@Injectable()
export class LicenseIdPipe implements PipeTransform<string, string> {
  /** @throws IssuerServerError `license_unknown` */
  transform(lid: string): string {
    if (hasUnstorableText(lid)) throw noLicense(lid);
    return lid;
  }
}
