import { type RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The width of an element, CSS pixels, also after it changes. @param first - until it is measured */
export function useWidth<T extends Element>(first = 640): [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    setWidth(element.clientWidth || first);
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [first]);
  return [ref, width];
}

/** The size of a letter, CSS pixels: pictures grow with the text of the page. */
export function useFontSize(): number {
  const [size, setSize] = useState(() => fontSize());
  useLayoutEffect(() => {
    const onResize = () => setSize(fontSize());
    addEventListener('resize', onResize);
    return () => removeEventListener('resize', onResize);
  }, []);
  return size;
}

function fontSize(): number {
  // Tests draw without a browser.
  if (typeof document === 'undefined') return 16;
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
