import { Activity } from '../../web/src/activity.js';

describe('what a person does on the page', () => {
  it('counts once, at the opening and at each later press of a key or button, or turn of the wheel', () => {
    const page = new EventTarget();
    const activity = new Activity(page);
    expect([activity.take(), activity.take()]).toEqual([true, false]);
    for (const sign of ['pointerdown', 'keydown', 'wheel']) {
      page.dispatchEvent(new Event(sign));
      page.dispatchEvent(new Event(sign));
      expect([sign, activity.take(), activity.take()]).toEqual([sign, true, false]);
    }
  });

  it('is not what a browser reports of a pointer that rests on a page that changes', () => {
    const page = new EventTarget();
    const activity = new Activity(page);
    activity.take();
    for (const sign of ['pointermove', 'pointerover', 'scroll', 'focus', 'visibilitychange'])
      page.dispatchEvent(new Event(sign));
    expect(activity.take()).toBe(false);
  });
});
