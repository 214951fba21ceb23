/* A Modbus device on libmodbus, for tests: `server tcp PORT` or `server rtu DEVICE UNIT`.
 *
 * Over TCP every unit answers but 200, with one memory. Coils 0-7 are on. Input registers n hold n * 10, holding registers: see below; 512 of each. Prints "ready".
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define SIZE 512

static modbus_mapping_t *memory(void) {
    modbus_mapping_t *map = modbus_mapping_new(SIZE, SIZE, SIZE, SIZE);
    for (int i = 0; i < 8; i++) map->tab_bits[i] = 1;
    for (int i = 0; i < SIZE; i++) map->tab_input_registers[i] = (uint16_t)(i * 10);
    map->tab_registers[0] = 0xFF9C;                                     /* int16 -100 */
    static const uint16_t orders[] = {                                  /* 123456.789 as float32 is 47F1 2065 */
        0x47F1, 0x2065, 0xF147, 0x6520, 0x2065, 0x47F1, 0x6520, 0xF147}; /* ABCD BADC CDAB DCBA */
    memcpy(&map->tab_registers[10], orders, sizeof orders);
    return map;
}

static int serve_tcp(int port) {
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", port);
    modbus_mapping_t *map = memory();
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    fd_set known;
    int listener = modbus_tcp_listen(ctx, 8), highest = listener;
    if (listener < 0) return 1;
    FD_ZERO(&known);
    FD_SET(listener, &known);
    puts("ready");
    fflush(stdout);
    for (;;) {
        fd_set ready = known;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) return 1;
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == listener) {
                int client = modbus_tcp_accept(ctx, &listener);
                if (client < 0) continue;
                FD_SET(client, &known);
                if (client > highest) highest = client;
                continue;
            }
            modbus_set_socket(ctx, fd);
            int length = modbus_receive(ctx, query);
            if (length > 0 && query[6] == 200) continue;
            if (length > 0) modbus_reply(ctx, query, length, map);
            else if (length < 0) { close(fd); FD_CLR(fd, &known); }
        }
    }
}

static int serve_rtu(const char *device, int unit) {
    modbus_t *ctx = modbus_new_rtu(device, 9600, 'N', 8, 1);
    modbus_mapping_t *map = memory();
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    modbus_set_slave(ctx, unit);
    if (modbus_connect(ctx) < 0) return 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        int length = modbus_receive(ctx, query);
        if (length > 0) modbus_reply(ctx, query, length, map);
        else if (length < 0 && errno != EMBBADCRC && errno != EMBBADDATA && errno != ETIMEDOUT) return 2;
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "tcp")) return serve_tcp(atoi(argv[2]));
    if (argc == 4 && !strcmp(argv[1], "rtu")) return serve_rtu(argv[2], atoi(argv[3]));
    fprintf(stderr, "server tcp PORT | server rtu DEVICE UNIT\n");
    return 64;
}
