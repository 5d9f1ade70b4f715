/** The cookie that holds what a visitor wants to be called. */
export const NAME_COOKIE = 'storefront-name';
