/** Why a setting's text cannot be used. The message never repeats the text: it may be a secret. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
