// Which features are on: the outcome of flags, profiles and configuration.

/** Feature flags in force. */
export interface FeatureSet {
  /** @param key - a key of the registry; anything else is off */
  isEnabled(key: string): boolean;
}
