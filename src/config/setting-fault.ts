/** Why a setting's text cannot be used. The message never repeats the text: it may be a secret. */
export class SettingFault extends Error {
  override readonly name = 'SettingFault';
}
