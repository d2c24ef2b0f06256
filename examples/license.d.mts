export function isLicensed(): Promise<boolean>;
export function daysLeft(): Promise<number>;
