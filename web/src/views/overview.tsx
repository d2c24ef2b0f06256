import { useCallback } from 'preact/hooks';
import { GlancePanel } from '../components/glance-panel.js';
import { Staleness } from '../components/staleness.js';
import { Loaded } from '../components/loaded.js';
import { useReads } from '../components/use-reads.js';
import { readLicenseState } from '../license-state.js';
import { RenewalPicture } from '../pictures/renewal-picture.js';
import { SeatsPicture } from '../pictures/seats-picture.js';
import { TimelinePicture } from '../pictures/timeline-picture.js';
import { WhyPicture } from '../pictures/why-picture.js';
import { useReader } from '../reader.js';
import { readSeats } from '../seats-state.js';
import { TEXTS } from '../texts.js';

/** How often the page asks for the license, and for seats, which change less, milliseconds. */
const LICENSE_MS = 5_000;
const SEATS_MS = 30_000;

/** Is it licensed, until when, will it renew, what happens next, and why. */
export function Overview() {
  const { service, may } = useReader();
  const mayList = may('licensing.usage:read');
  const license = useReads(
    useCallback(() => readLicenseState(service.reads), [service]),
    LICENSE_MS,
  );
  const seats = useReads(
    useCallback(() => readSeats(service.reads, mayList), [service, mayList]),
    SEATS_MS,
  );

  return (
    <div class="overview">
      <h1 class="hidden">{TEXTS.views.overview}</h1>
      <Staleness polled={license} />
      <Loaded polled={license}>
        {(state) => (
          <>
            <GlancePanel state={state} />
            <TimelinePicture state={state} />
            <RenewalPicture state={state} reload={license.reload} />
            <WhyPicture explanation={state.explanation} />
            {seats.value !== undefined && <SeatsPicture state={seats.value} />}
          </>
        )}
      </Loaded>
    </div>
  );
}
