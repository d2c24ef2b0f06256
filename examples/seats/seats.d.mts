export interface Person {
  readonly id: string;
  readonly role?: 'admin' | 'editor' | 'viewer';
}

export function admit(
  person: Person,
): Promise<{ readonly admitted: boolean; readonly reason: string; readonly freesAt: number | null }>;
export function left(person: Person): Promise<void>;
export function seen(person: Person): void;
