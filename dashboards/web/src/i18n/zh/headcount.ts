export default {
  headcount: {
    stepConfirmed: '{n}/{of} 人已确认：{who}',
    title: '清点人数', begin: '开始清点', none: '尚未清点。开始后，门禁记录中仍在楼内的人会列为未到。',
    missing: '{n} 人未到', everybody: '全部到齐（{n} 人）', area: '撤离范围：{place}', doorsUnknown: '最新门禁记录读不到：名单只包含已存记录和人工登记的人。',
    status: { missing: '未到', out: '已离开', safe: '安全', injured: '受伤', struck: '已核销' },
    oldCards: '长期未刷的门卡', oldCardsWhy: '最后一次刷卡在社区内，已超过30天；清点时会列为未到',
    strike: '核销', strikeTitle: '核销 {name}：并无此人', strikeReason: '如何确认（必填），如门卡丢失、已搬走；门卡再次使用时自动恢复',
    card: '门卡 {card}', lastSeen: '最后位置 {place}', daysAgo: '门禁已 {n} 天未见此卡', at: '集合点', safe: '安全', injured: '受伤', undo: '仍未到',
    add: '登记无卡人员', who: '姓名或描述', where: '应在位置', put: '加入名单',
    confirm: '确认名单', confirmNote: '未到人员已告知谁、由谁寻找', needsTwo: '需要两人确认', once: '{who} 已确认，请另一人确认', confirmed: '两人已确认：{names}', showFound: '显示已到的 {n} 人',
  },
}
