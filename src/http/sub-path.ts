/**
 * What is asked for by those who come without the proxy, and so is answered outside of the sub path too: the
 * probes of kubelets, balancers and containers, and Prometheus.
 */
export const DIRECT_PATHS: readonly string[] = ['/healthz', '/readyz', '/api/health', '/metrics'];

/**
 * Where a request target leads when everything is served below a path.
 *
 * @param subPath - with a slash before and none behind it; empty for none
 * @returns the target as the routes know it; `*`, which no route has, for what lies elsewhere. Paths are
 *   compared exactly, without decoding, as everywhere
 */
export function belowSubPath(subPath: string): (target: string) => string {
  if (subPath === '') return (target) => target;
  return (target) => {
    if (DIRECT_PATHS.includes(target.split('?', 1)[0] as string)) return target;
    return target.startsWith(`${subPath}/`) ? target.slice(subPath.length) : '*';
  };
}

/**
 * The path and query of a request's target, which may also come in absolute form (RFC 9112, section 3.2.2). Express
 * answers a target that it cannot parse with a page of its own; what is neither form becomes `*`, which nobody has.
 */
export function originForm(target: string): string {
  if (target.includes('#')) return '*';
  if (target.startsWith('/')) return target;
  const path = /^https?:\/\/[^/?]+(.*)$/i.exec(target)?.[1];
  if (path === undefined) return '*';
  return path.startsWith('/') ? path : `/${path}`;
}
