export default {
  quarantine: {
    kept: '已留存', first: '首次', retry: '立即重试', retrying: '正在重试…', tried: '{at} 重试过，仍被拒绝',
    keptWhat: '已留存的数据没有丢失：社区文件或时钟改正后会自动入库。',
    by: { ingest: '历史库拒收', rules: '规则服务拒收' },
    reasons: {
      'the-site-file-has-no-such-point': '社区文件里没有这个测点', 'the-point-belongs-to-another-gateway': '这个测点属于另一个网关', 'the-point-carries-events-not-values': '这个测点只有事件，没有数值', 'not-a-number-or-infinite': '不是数值，或无穷大', 'too-far-in-the-future-check-the-clock': '时间太超前：请检查时钟', 'too-long-ago-check-the-clock': '时间太久远：请检查时钟', 'a-gateway-the-site-file-does-not-name': '社区文件里没有这个网关', 'too-much-was-set-aside-the-oldest-is-lost': '留存已满，最旧的已丢失', 'records-damaged-on-the-disk-lost': '磁盘上的留存已损坏，已丢失',
    },
  },
}
