/** Pictures that a message may show in its text. */
export const isPicture = (type: string): boolean => /^image\/(?:png|gif|jpeg|webp|avif|bmp)$/i.test(type);
