export default {
  platform: {
    services: '服务', noServices: '此安装没有进程管理信息（每个服务单独部署）。', restarts: '重启 {n} 次', quarantine: '隔离区', quarantineWhat: '无法采信而被搁置的数据', noQuarantine: '隔离区是空的。',
    source: '来源', reason: '原因', count: '次数', last: '最近一次', sample: '样本', online: '在线', offline: '离线', unheard: '尚未收到状态',
    siteRefused: '社区文件有误，修改没有生效，仍按旧文件运行', siteRefusedBy: '拒绝的服务：{who}', siteBehind: '社区文件已更新；页面仍按旧文件显示名称，重启“入库与网页”后更新',
    spooled: '待上传帧', messages: '收到消息', refused: '拒收', devices: '设备', failing: '异常设备', device: '设备', error: '错误', lastHeard: '最近通讯', neverHeard: '还没有收到过它的数据', refusedFrom: '拒收来源',
  },
  users: {
    username: '用户名', name: '姓名', roles: '角色', state: '状态', isActive: '可登录', isDisabled: '已停用', create: '新建用户', edit: '编辑', disable: '停用', enable: '恢复', save: '保存',
    password: '密码（至少 8 个字符）', newPassword: '新密码（不改则留空）',
  },
}
