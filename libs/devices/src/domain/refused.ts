/** Why what is asked of a device is refused for now. */
export type DeviceRefusal = 'action-not-supported';
