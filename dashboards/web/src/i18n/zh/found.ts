export default {
  found: {
    title: '新发现的设备：{n}', what: '设备已自报，但不在社区文件中。把配置行粘贴进社区文件后才会启用。',
    where: '设备所在位置', choose: '请选择位置', lines: '配置行', close: '收起', copy: '复制',
    row: '粘贴到该网关的 “devices:” 下', draft: '先将此模板存为 ANJU_PROFILES 目录中的 {file}，并逐项核对',
    noZone: '尚未选择位置：配置行中的位置只是猜测。不改正，报警会指向错误的地点。', measureBin: '桶深为占位数值。不实测，满溢度会出错。',
    unread: '设备自报、但此模板不读取：{values}', leftOff: '另有 {n} 台未列出。', unheard: '消息服务器拒绝网关订阅 {topics}：在这些主题上自报的设备无法发现。读数不受影响。',
    copied: { done: '已复制。', marked: '此页面不能写入剪贴板。内容已选中，请按 Ctrl+C。' },
    match: { model: '该产品的专用模板', name: '由名称推测，请核实', values: '通用模板，按自报内容选取，请核实', draft: '自动起草，请核对', none: '无法建议，请手工编写' },
    sources: { 'home-assistant': 'Home Assistant 自动发现', zigbee2mqtt: 'Zigbee2MQTT', chirpstack: 'ChirpStack', 'things-stack': 'The Things Stack', tasmota: 'Tasmota', shelly: 'Shelly', sparkplug: 'Sparkplug 上线' },
  },
}
