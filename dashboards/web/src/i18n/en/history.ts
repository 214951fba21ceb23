/** Readings out to a file and in from one. */
export default {
  history: {
    title: 'Readings as files', what: 'from the history, and into it',
    from: 'First day', to: 'Last day', format: 'Format', formats: { csv: 'CSV', parquet: 'Parquet', lines: 'InfluxDB lines' },
    export: 'Download', exportPoint: 'Download this time as CSV', comes: '{n} readings; the browser shows how far the download is.',
    import: 'Import a file', importWhat: 'Columns time, point, value, quality. What is there of the same time is replaced; no alarm is raised.',
    noFormat: '{name}: name it .csv, .parquet or .lp, so that its format is clear.', sending: 'Sending: {share}',
    running: '{readings} readings are stored so far', done: 'Done: {readings} readings stored, {refused} lines refused', failed: 'Failed: {problem}. {readings} readings are stored; sent again, nothing is doubled.',
    unknown: 'Not in the site file, stored all the same: {points}', line: 'Line',
  },
}
