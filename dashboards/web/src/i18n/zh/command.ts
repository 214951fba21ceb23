import activate from './activate'

export default {
  ...activate,
  command: {
    title: '总指挥', nobody: '暂无人指挥', since: '{time} 起', asked: '已请其指挥，剩余 {time}：', unanswered: '已全部询问，无人接受指挥；{time} 后再次通知所有人：{names}', offered: '正在移交给 {name}',
    take: '由我指挥', takeOver: '接管指挥', takeOverFrom: '从 {name} 接管指挥', keep: '继续由我指挥', handOver: '移交指挥', to: '移交给', reason: '理由（必填）', until: '对方接受之前仍由您指挥。',
    line: '指挥顺序', offDuty: '不当班', call: '呼叫 {name}',
  },
}
