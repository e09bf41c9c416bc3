/** The file that a finished run leaves in each folder it wrote; it lists what the run wrote there. Who reads the folder passes it over. */
export const SUCCESS_MARK = "_SUCCESS";
