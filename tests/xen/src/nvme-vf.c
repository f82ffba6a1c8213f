// SPDX-License-Identifier: GPL-2.0-or-later
//
// In dom0: the NVMe admin commands that a physical function with SR-IOV
// needs before a virtual function of it can be used.
//
//   nvme-vf /dev/nvmeN release        take the flexible resources from the PF
//   nvme-vf /dev/nvmeN online ID      give controller ID two queues and one
//                                     interrupt, and bring it online
//
// (NVM Express Base Specification, Virtualization Management command.)

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    OPCODE_VIRT_MGMT = 0x1c,
    ACTION_PRIMARY_FLEXIBLE = 1,
    ACTION_OFFLINE = 7,
    ACTION_ASSIGN = 8,
    ACTION_ONLINE = 9,
    RESOURCE_VQ = 0,
    RESOURCE_VI = 1,
};

// One Virtualization Management command; returns 0, or 1 after a message.
static int virt_mgmt(int fd, unsigned id, unsigned resource, unsigned action,
                     unsigned count)
{
    struct nvme_admin_cmd command = {
        .opcode = OPCODE_VIRT_MGMT,
        .cdw10 = id << 16 | resource << 8 | action,
        .cdw11 = count,
    };
    int status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);

    if (status != 0) {
        fprintf(stderr, "controller %u, action %u, resource %u: status %#x\n",
                id, action, resource, (unsigned)status);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int fd = argc >= 3 ? open(argv[1], O_RDWR) : -1;

    if (fd < 0) {
        fprintf(stderr, "usage: nvme-vf DEVICE release|online [ID]\n");
        return 2;
    }
    if (strcmp(argv[2], "release") == 0) {
        if (virt_mgmt(fd, 0, RESOURCE_VI, ACTION_PRIMARY_FLEXIBLE, 0) ||
            virt_mgmt(fd, 0, RESOURCE_VQ, ACTION_PRIMARY_FLEXIBLE, 0)) {
            return 1;
        }
        // The new numbers hold after a reset of the controller.
        return ioctl(fd, NVME_IOCTL_RESET) == 0 ? 0 : 1;
    }
    if (strcmp(argv[2], "online") == 0 && argc == 4) {
        unsigned id = (unsigned)strtoul(argv[3], NULL, 0);

        return virt_mgmt(fd, id, RESOURCE_VI, ACTION_ASSIGN, 1) ||
               virt_mgmt(fd, id, RESOURCE_VQ, ACTION_ASSIGN, 2) ||
               virt_mgmt(fd, id, RESOURCE_VQ, ACTION_ONLINE, 0);
    }
    return 2;
}
