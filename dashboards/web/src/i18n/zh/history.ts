/** 数据文件：导出与导入。 */
export default {
  history: {
    title: '数据文件', what: '历史数据的导出与导入',
    from: '开始日期', to: '结束日期', format: '格式', formats: { csv: 'CSV 表格', parquet: 'Parquet 文件', lines: 'InfluxDB 行协议' },
    export: '下载', exportPoint: '下载这段时间的数据（CSV）', comes: '共 {n} 条，下载进度见浏览器。',
    import: '导入文件', importWhat: '列：time、point、value、quality。同一时刻已有的数据会被替换，不会触发报警。',
    noFormat: '{name}：请以 .csv、.parquet 或 .lp 结尾，以便识别格式。', sending: '正在上传：{share}',
    running: '已存入 {readings} 条', done: '完成：存入 {readings} 条，{refused} 行未接受', failed: '失败：{problem}。已存入 {readings} 条，重新上传不会重复。',
    unknown: '社区文件中没有、仍已存入的测点：{points}', line: '行',
  },
}
